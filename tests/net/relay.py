"""A wire that loses, delays, repeats and reorders frames, between two links: many kernels lack netem.

python -m tests.net.relay SEED LOSS DELAY_MS REORDER DUPLICATE   frames between descriptors 3 and 4
"""

from __future__ import annotations

import heapq
import random
import select
import sys
import time
from dataclasses import dataclass

from tests.net.link import Link


@dataclass(frozen=True)
class Impairment:
    """What happens to a frame, in each direction. Chances are 0..1."""

    loss: float = 0.0
    delay: float = 0.0  # seconds, one way
    reorder: float = 0.0  # such a frame comes up to half the delay early
    duplicate: float = 0.0
    rate: float = float("inf")  # bytes a second
    queue: float = 0.1  # seconds of `rate` that wait; what finds more is lost


@dataclass
class Counts:
    passed: int = 0
    lost: int = 0
    repeated: int = 0
    reordered: int = 0


class Relay:
    """Frames of each link come out of the other one. `run` returns when `stop()` says so."""

    def __init__(self, one: Link, other: Link, impairment: Impairment, seed: int = 1) -> None:
        self._links = (one, other)
        self._impairment = impairment
        self._random = random.Random(seed)
        self._waiting: list[tuple[float, int, int, bytes]] = []  # due, sequence, to, frame
        self._sequence = 0
        self._free_at = [0.0, 0.0]
        self.counts = (Counts(), Counts())
        self._stopped = False

    def stop(self) -> None:
        self._stopped = True

    def run(self) -> None:
        while not self._stopped:
            now = time.monotonic()
            left = self._waiting[0][0] - now if self._waiting else 0.2
            ready = select.select(self._links, [], [], min(max(left, 0.0), 0.2))[0]
            now = time.monotonic()
            for link in ready:
                side = self._links.index(link)
                # A batch, so that neither side and no timer starves.
                for _ in range(64):
                    frame = link.receive(0)
                    if frame is None:
                        break
                    self._take(frame, 1 - side, now)
            now = time.monotonic()
            while self._waiting and self._waiting[0][0] <= now:
                _, _, to, frame = heapq.heappop(self._waiting)
                self._links[to].send(frame)

    def _take(self, frame: bytes, to: int, now: float) -> None:
        what, counts, chance = self._impairment, self.counts[to], self._random.random
        if chance() < what.loss:
            counts.lost += 1
            return
        copies = 1
        if chance() < what.duplicate:
            counts.repeated += 1
            copies = 2
        starts = max(now, self._free_at[to])
        if starts - now > what.queue:
            counts.lost += 1
            return
        self._free_at[to] = starts + len(frame) / what.rate
        due = self._free_at[to] + what.delay
        if chance() < what.reorder:
            counts.reordered += 1
            due -= what.delay / 2 * chance()
        for _ in range(copies):
            self._sequence += 1
            heapq.heappush(self._waiting, (due, self._sequence, to, frame))
        counts.passed += 1


def main() -> int:
    import socket

    from tests.net.link import StreamLink, TapLink

    seed, loss, delay, reorder, duplicate = sys.argv[1:6]
    impairment = Impairment(float(loss), float(delay) / 1000, float(reorder), float(duplicate))
    Relay(TapLink(3), StreamLink(socket.socket(fileno=4)), impairment, int(seed)).run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
