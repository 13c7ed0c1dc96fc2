"""Ethernet, ARP, IPv4 and TCP as bytes: what the scripted peer sends, and what it reads of the answers.

RFC 826 (ARP), 791 (IPv4), 9293 (TCP), 7323 (window scale, timestamps), 2018 (SACK). Numbers: host order.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field, replace

ARP, IPV4, TCP_PROTOCOL, ICMP_PROTOCOL = 0x0806, 0x0800, 6, 1
FIN, SYN, RST, PSH, ACK, URG = 1, 2, 4, 8, 16, 32
_LETTERS = {"F": FIN, "S": SYN, "R": RST, "P": PSH, ".": ACK, "U": URG}
BROADCAST = b"\xff" * 6


def flags(letters: str) -> int:
    """Flags by tcpdump's letters: `S.` is SYN and ACK."""
    return sum(_LETTERS[letter] for letter in letters)


def letters(bits: int) -> str:
    return "".join(letter for letter, bit in _LETTERS.items() if bits & bit)


@dataclass(frozen=True)
class Options:
    """TCP options that are there; None or empty: not."""

    mss: int | None = None
    window_scale: int | None = None
    sack_permitted: bool = False
    sack: tuple[tuple[int, int], ...] = ()
    timestamp: tuple[int, int] | None = None  # value, echo reply

    def encode(self) -> bytes:
        out = b""
        if self.mss is not None:
            out += struct.pack("!BBH", 2, 4, self.mss)
        if self.sack_permitted:
            out += b"\x01\x01\x04\x02"
        if self.timestamp is not None:
            out += struct.pack("!BBBBII", 1, 1, 8, 10, *self.timestamp)
        if self.window_scale is not None:
            out += struct.pack("!BBBB", 1, 3, 3, self.window_scale)
        if self.sack:
            out += struct.pack("!BBBB", 1, 1, 5, 2 + 8 * len(self.sack))
            out += b"".join(struct.pack("!II", *edges) for edges in self.sack)
        return out + b"\0" * (-len(out) % 4)

    @classmethod
    def decode(cls, data: bytes) -> Options:
        found: dict[str, object] = {}
        at = 0
        while at < len(data) and data[at] != 0:
            if data[at] == 1:
                at += 1
                continue
            kind, length = data[at], data[at + 1]
            body = data[at + 2 : at + length]
            if kind == 2:
                found["mss"] = int.from_bytes(body)
            elif kind == 3:
                found["window_scale"] = body[0]
            elif kind == 4:
                found["sack_permitted"] = True
            elif kind == 5:
                found["sack"] = tuple(struct.iter_unpack("!II", body))
            elif kind == 8:
                found["timestamp"] = struct.unpack("!II", body)
            at += length
        return cls(**found)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Segment:
    """One TCP segment. `window` is the field itself, not scaled."""

    source: int
    destination: int
    seq: int = 0
    ack: int = 0
    flags: int = 0
    window: int = 65535
    options: Options = field(default_factory=Options)
    payload: bytes = b""

    def __str__(self) -> str:
        more = f" {self.options}" if self.options != Options() else ""
        return (
            f"{letters(self.flags) or '-'} seq {self.seq} ack {self.ack} win {self.window} "
            f"len {len(self.payload)}{more}"
        )

    @property
    def length(self) -> int:
        """In sequence numbers: SYN and FIN take one each."""
        return len(self.payload) + bool(self.flags & SYN) + bool(self.flags & FIN)

    def encode(self, here: bytes, there: bytes) -> bytes:
        options = self.options.encode()
        offset = (20 + len(options)) // 4
        head = struct.pack(
            "!HHIIBBHHH",
            *(self.source, self.destination, self.seq & 0xFFFFFFFF, self.ack & 0xFFFFFFFF),
            *(offset << 4, self.flags, self.window, 0, 0),
        )
        whole = head + options + self.payload
        pseudo = here + there + struct.pack("!BBH", 0, TCP_PROTOCOL, len(whole))
        return whole[:16] + struct.pack("!H", checksum(pseudo + whole)) + whole[18:]

    @classmethod
    def decode(cls, data: bytes) -> Segment:
        source, destination, seq, ack, offset, bits, window, _, _ = struct.unpack_from("!HHIIBBHHH", data)
        header = (offset >> 4) * 4
        options = Options.decode(data[20:header])
        return cls(source, destination, seq, ack, bits & 0x3F, window, options, data[header:])

    def but(self, **changes: object) -> Segment:
        return replace(self, **changes)  # type: ignore[arg-type]


def checksum(data: bytes) -> int:
    """RFC 1071, complemented."""
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def ipv4(here: bytes, there: bytes, protocol: int, payload: bytes, identity: int = 0) -> bytes:
    head = struct.pack(
        "!BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), identity, 0x4000, 64, protocol, 0, here, there
    )
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + payload


def ethernet(here: bytes, there: bytes, kind: int, payload: bytes) -> bytes:
    return there + here + struct.pack("!H", kind) + payload


def arp(operation: int, here: tuple[bytes, bytes], there: tuple[bytes, bytes]) -> bytes:
    """`here` and `there`: link and IPv4 address."""
    return struct.pack("!HHBBH6s4s6s4s", 1, IPV4, 6, 4, operation, *here, *there)
