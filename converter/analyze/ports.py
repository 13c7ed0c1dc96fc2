"""EXPOSE of an image: `80/tcp`, `53/udp`, `8000-8010` (OCI image-spec, config.md, ExposedPorts)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from converter.errors import IncompatibleImageError


@dataclass(frozen=True, slots=True, order=True)
class Port:
    """A port the program listens on; `protocol` is tcp, udp or sctp."""

    number: int
    protocol: str = "tcp"

    def __str__(self) -> str:
        return f"{self.number}/{self.protocol}"


def parse_ports(texts: Iterable[str]) -> tuple[Port, ...]:
    """Sorted, without doubles, ranges written out. Raises IncompatibleImageError."""
    ports: set[Port] = set()
    for text in texts:
        span, _, protocol = text.partition("/")
        low, dash, high = span.partition("-")
        first, last = _number(low), _number(high if dash else low)
        protocol = protocol.lower() or "tcp"
        if first is None or last is None or first > last or protocol not in ("tcp", "udp", "sctp"):
            raise IncompatibleImageError(
                f"{text[:40]!r} is no port", where="EXPOSE", hint="write 80, 80/tcp, 53/udp or 8000-8010/tcp"
            )
        ports.update(Port(number, protocol) for number in range(first, last + 1))
    return tuple(sorted(ports))


def _number(text: str) -> int | None:
    if not (text.isascii() and text.isdigit() and len(text) < 6):
        return None
    return int(text) if 1 <= int(text) <= 65535 else None
