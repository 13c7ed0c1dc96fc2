"""Asking again and again, by docker's rules (docs.docker.com, Dockerfile reference, HEALTHCHECK)."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from converter.runs.health.probe import probe
from converter.runs.health.recognise import Check
from converter.runs.state import Health

_NANO = 1e-9


@dataclass(frozen=True, slots=True)
class Schedule:
    """All in seconds."""

    interval: float = 30
    timeout: float = 30
    start_period: float = 0
    start_interval: float = 5
    retries: int = 3


def schedule_of(healthcheck: Mapping[str, Any]) -> Schedule:
    """From a manifest's: nanoseconds, 0 for the default."""
    plain = Schedule()

    def seconds(name: str, default: float) -> float:
        return int(healthcheck.get(name) or 0) * _NANO or default

    return Schedule(
        seconds("interval", plain.interval),
        seconds("timeout", plain.timeout),
        seconds("start_period", plain.start_period),
        seconds("start_interval", plain.start_interval),
        int(healthcheck.get("retries") or 0) or plain.retries,
    )


def after(health: Health, wrong: str | None, elapsed: float, schedule: Schedule) -> Health:
    """What is known after one more check. Before it was ever well, failures count after the start period."""
    if wrong is None:
        return Health("healthy")
    if health.status == "starting" and elapsed < schedule.start_period:
        return Health("starting", health.failures, wrong)
    failures = health.failures + 1
    return Health("unhealthy" if failures >= schedule.retries else health.status, failures, wrong)


@dataclass(slots=True)
class HealthWatch:
    """A thread that checks `host`:`port` until it is stopped."""

    check: Check
    host: str
    port: int
    schedule: Schedule
    _stopped: threading.Event = field(default_factory=threading.Event)

    def start(self, tell: Callable[[Health], None]) -> None:
        """`tell` is called with each change, in the thread."""
        tell(Health("starting"))
        threading.Thread(target=self._run, args=(tell,), daemon=True).start()

    def stop(self) -> None:
        self._stopped.set()

    def _run(self, tell: Callable[[Health], None]) -> None:
        begun, health = time.monotonic(), Health("starting")
        while not self._stopped.wait(self._pause(health, time.monotonic() - begun)):
            wrong = probe(self.check, self.host, self.port, self.schedule.timeout)
            found = after(health, wrong, time.monotonic() - begun, self.schedule)
            if found != health and not self._stopped.is_set():
                tell(found)
            health = found

    def _pause(self, health: Health, elapsed: float) -> float:
        starting = health.status == "starting" and elapsed < self.schedule.start_period
        return (
            min(self.schedule.start_interval, self.schedule.interval) if starting else self.schedule.interval
        )
