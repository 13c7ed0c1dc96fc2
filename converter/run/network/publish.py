"""`-p [IP:][HOST:]GUEST[/tcp|udp]`, as docker has it (docs.docker.com, docker container run, --publish)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from ipaddress import ip_address
from typing import NoReturn, cast

from converter.errors import UsageError
from converter.run.network.model import ANY, HostAddress, Protocol, Publication

_LINE = re.compile(
    r"""(?: (?: \[ (?P<v6>[0-9A-Fa-f:.%]+) \] | (?P<v4>[0-9]+\.[0-9.]+) ) : )?
        (?: (?P<host>[0-9-]*) : )?  (?P<guest>[0-9-]+)  (?: / (?P<protocol>\w+) )?""",
    re.VERBOSE,
)
_HIGHEST = 65535


def parse_publication(text: str) -> tuple[Publication, ...]:
    """One entry a port of the range. UsageError for what is none."""
    match = _LINE.fullmatch(text)
    if match is None:
        _refuse(text, "is no port to publish")
    protocol = (match["protocol"] or "tcp").lower()
    if protocol not in ("tcp", "udp"):
        _refuse(text, f"has the protocol {protocol}, and tcp and udp are what can be published")
    ip: HostAddress = ANY
    written = match["v6"] or match["v4"]
    if written:
        try:
            ip = ip_address(written)
        except ValueError:
            _refuse(text, f"has {written}, which is no address")
        if match["host"] is None:
            _refuse(text, "has an address but no place for the host's port")
    guests = _range(match["guest"], text)
    hosts = _range(match["host"], text) if match["host"] else ()
    proto = cast(Protocol, protocol)
    if len(guests) == 1 or not hosts:
        return tuple(Publication(guest, proto, ip, hosts) for guest in guests)
    if len(hosts) != len(guests):
        _refuse(text, f"has {len(hosts)} ports of the host for {len(guests)} of the program")
    return tuple(Publication(guest, proto, ip, (host,)) for host, guest in zip(hosts, guests, strict=True))


def exposed(ports: Iterable[str]) -> Iterator[Publication]:
    """`-P`: each port that the image EXPOSEs (`80/tcp`), on a free one. There is no forwarding of SCTP."""
    for port in ports:
        number, _, protocol = port.partition("/")
        if protocol in ("tcp", "udp"):
            yield Publication(int(number), cast(Protocol, protocol))


def _range(text: str, whole: str) -> tuple[int, ...]:
    first, dash, last = text.partition("-")
    if not (first.isdigit() and (last.isdigit() or not dash)) or len(text) > 11:
        _refuse(whole, f"has {text}, which is no port")
    low, high = int(first), int(last or first)
    if not 1 <= low <= high <= _HIGHEST:
        _refuse(whole, f"has {text}, and ports are from 1 to {_HIGHEST}")
    return tuple(range(low, high + 1))


def _refuse(text: str, why: str) -> NoReturn:
    raise UsageError(
        f"{text[:60]!r} {why}",
        where="-p",
        hint="write 8080:80, 127.0.0.1:8080:80, 53:53/udp, 8000-8009:80-89 or 80",
    )
