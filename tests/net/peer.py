"""A scripted TCP peer: it sends exactly what a test says, and tells what the stack at the other end does."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.net.frames import (
    ACK,
    ARP,
    BROADCAST,
    IPV4,
    RST,
    SYN,
    TCP_PROTOCOL,
    Options,
    Segment,
    arp,
    ethernet,
    flags,
    ipv4,
)
from tests.net.link import Link

HERE_MAC = bytes.fromhex("0200000000aa")
_PATIENCE = 3.0  # seconds; for what has to come, whatever the machine is busy with


@dataclass
class Peer:
    """One host on the link. `here` and `there` are IPv4 addresses."""

    link: Link
    here: str
    there: str
    there_mac: bytes = BROADCAST
    transcript: list[str] = field(default_factory=list)
    identity: int = 0

    def __post_init__(self) -> None:
        self.started = time.monotonic()
        self._here = ipaddress.IPv4Address(self.here).packed
        self._there = ipaddress.IPv4Address(self.there).packed

    # ---- frames ----

    def resolve(self, seconds: float = 10.0) -> None:
        """Learn the stack's link address, asking until it answers: it may still be starting."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            question = arp(1, (HERE_MAC, self._here), (bytes(6), self._there))
            self.link.send(ethernet(HERE_MAC, BROADCAST, ARP, question))
            until = time.monotonic() + 0.2
            while time.monotonic() < until:
                frame = self.link.receive(until - time.monotonic())
                if frame is not None and self._answer_arp(frame):
                    return
        raise AssertionError(f"{self.there} does not answer ARP")

    def _answer_arp(self, frame: bytes) -> bool:
        """Serve ARP requests; True: the stack told where it is."""
        if frame[12:14] != ARP.to_bytes(2) or len(frame) < 42:
            return False
        operation, sender_mac, sender = frame[20:22], frame[22:28], frame[28:32]
        if operation == b"\0\1" and frame[38:42] == self._here:
            answer = arp(2, (HERE_MAC, self._here), (sender_mac, sender))
            self.link.send(ethernet(HERE_MAC, sender_mac, ARP, answer))
        if sender == self._there:
            self.there_mac = sender_mac
        return operation == b"\0\2" and sender == self._there

    def _note(self, direction: str, what: object) -> None:
        self.transcript.append(f"{time.monotonic() - self.started:8.3f} {direction} {what}")

    def send_ip(self, protocol: int, payload: bytes, source: bytes | None = None) -> None:
        self.identity = (self.identity + 1) & 0xFFFF
        packet = ipv4(source or self._here, self._there, protocol, payload, self.identity)
        self.link.send(ethernet(HERE_MAC, self.there_mac, IPV4, packet))

    def send(self, segment: Segment) -> None:
        self._note(">", segment)
        self.send_ip(TCP_PROTOCOL, segment.encode(self._here, self._there))

    def receive(self, seconds: float) -> Segment | None:
        """The next TCP segment of the stack to us."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            frame = self.link.receive(left)
            if frame is None:
                return None
            if self._answer_arp(frame) or frame[12:14] != IPV4.to_bytes(2):
                continue
            header = (frame[14] & 15) * 4
            total = int.from_bytes(frame[16:18])
            if frame[23] != TCP_PROTOCOL or frame[30:34] != self._here:
                continue
            segment = Segment.decode(frame[14 + header : 14 + total])
            self._note("<", segment)
            return segment
        return None

    def story(self) -> str:
        return "\n".join(self.transcript[-60:])


@dataclass
class Connection:
    """One four-tuple, with both sequence numbers; numbers that scripts use count from the SYN (0)."""

    peer: Peer
    port: int  # ours
    there: int  # the stack's
    iss: int = 0x10000000
    irs: int = 0
    next: int = 0  # what we send next, from iss
    acked: int = 0  # what we have acknowledged, from irs
    window: int = 65535
    clock: int | None = None  # our timestamp value; None: the option is not used
    echo: int = 0
    scale: int = 0  # of the stack's window field, when both sides scale

    # ---- what we send ----

    def segment(self, letters: str, **changes: object) -> Segment:
        bits = flags(letters)
        stamp = None if self.clock is None else (self.clock, self.echo)
        made = Segment(
            source=self.port,
            destination=self.there,
            seq=self.iss + self.next,
            ack=self.irs + self.acked if bits & ACK else 0,
            flags=bits,
            window=self.window,
            options=Options(timestamp=stamp),
        )
        return made.but(**changes)

    def send(self, letters: str, payload: bytes = b"", **changes: object) -> Segment:
        """Send, and count what was sent: the next one follows it."""
        segment = self.segment(letters, payload=payload, **changes)
        self.peer.send(segment)
        if "seq" not in changes:
            self.next += segment.length
        return segment

    def inject(self, letters: str, at: int, payload: bytes = b"", **changes: object) -> None:
        """Send at sequence number `at`; the connection's own numbers stay."""
        self.peer.send(self.segment(letters, payload=payload, seq=self.iss + at, **changes))

    # ---- what the stack sends ----

    def seq(self, segment: Segment) -> int:
        return (segment.seq - self.irs) & 0xFFFFFFFF

    def ack(self, segment: Segment) -> int:
        return (segment.ack - self.iss) & 0xFFFFFFFF

    def receive(self, seconds: float = _PATIENCE) -> Segment | None:
        """The next segment of this connection."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            segment = self.peer.receive(left)
            if segment is None:
                return None
            if (segment.source, segment.destination) == (self.there, self.port):
                if segment.options.timestamp is not None and not segment.flags & RST:
                    self.echo = segment.options.timestamp[0]
                return segment
        return None

    def expect(
        self,
        letters: str,
        where: Callable[[Segment], bool] = lambda _: True,
        seconds: float = _PATIENCE,
        skip: Callable[[Segment], bool] = lambda _: False,
    ) -> Segment:
        """The next segment has these flags (PSH is free) and `where` holds; those of `skip` do not count."""
        while True:
            segment = self.receive(seconds)
            if segment is None:
                raise AssertionError(f"no segment {letters} within {seconds} s:\n{self.peer.story()}")
            if skip(segment):
                continue
            free = flags("P")
            if segment.flags | free != flags(letters) | free or not where(segment):
                raise AssertionError(f"not {letters} as expected: {segment}\n{self.peer.story()}")
            return segment

    def silent(self, seconds: float) -> None:
        """The stack sends nothing on this connection for a while."""
        segment = self.receive(seconds)
        if segment is not None:
            raise AssertionError(f"nothing was to come: {segment}\n{self.peer.story()}")

    # ---- common exchanges ----

    def open(self, options: Options | None = None) -> Segment:
        """We connect: SYN, SYN+ACK, ACK. The stack's SYN+ACK."""
        offered = options if options is not None else Options(mss=1460)
        if offered.timestamp is not None:
            self.clock = offered.timestamp[0]
        self.send("S", options=offered)
        answer = self.expect("S.", lambda s: self.ack(s) == 1)
        self.irs = answer.seq
        self.acked = 1
        self._scaled(offered, answer)
        self.send(".")
        return answer

    def accept(self, options: Options | None = None) -> Segment:
        """The stack connects: its SYN, our SYN+ACK, its ACK. The stack's SYN."""
        offered = options if options is not None else Options(mss=1460)
        syn = self.expect("S")
        self.irs = syn.seq
        self.acked = 1
        self._scaled(offered, syn)
        self.send("S.", options=offered)
        self.expect(".", lambda s: self.ack(s) == 1 and self.seq(s) == 1)
        return syn

    def _scaled(self, ours: Options, theirs: Segment) -> None:
        if ours.window_scale is not None and theirs.options.window_scale is not None:
            self.scale = theirs.options.window_scale

    def collect(self, n: int, acknowledge: bool = True, seconds: float = _PATIENCE) -> bytes:
        """`n` bytes of the stack's data in order, acknowledged as they come."""
        data = b""
        while len(data) < n:
            segment = self.receive(seconds)
            if segment is None:
                raise AssertionError(f"{len(data)} of {n} bytes came:\n{self.peer.story()}")
            if self.seq(segment) != self.acked or not segment.payload:
                continue
            data += segment.payload
            self.acked += len(segment.payload)
            if acknowledge:
                self.send(".")
        return data


def is_syn(segment: Segment) -> bool:
    return bool(segment.flags & SYN)
