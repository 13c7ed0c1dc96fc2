"""Interfaces and published ports of one run: plain values that parsing makes and runners read."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface, IPv6Address
from typing import Literal

Kind = Literal["user", "tap", "passt"]
Protocol = Literal["tcp", "udp"]
HostAddress = IPv4Address | IPv6Address
ANY = IPv4Address("0.0.0.0")  # noqa: S104 - docker's default


@dataclass(frozen=True, slots=True)
class Address:
    """What an interface is given without DHCP."""

    own: IPv4Interface
    gateway: IPv4Address | None = None
    dns: tuple[IPv4Address, ...] = ()


@dataclass(frozen=True, slots=True)
class Interface:
    """One network that the unikernel is on.

    kind:    user: behind the host's own sockets; tap: a tap device; passt: a passt process
    tap:     the tap device's name
    address: None: what the network says by DHCP; a `user` network always has one
    mac:     six numbers, as 52:54:00:12:34:56
    """

    kind: Kind
    mac: str
    tap: str = ""
    address: Address | None = None


@dataclass(frozen=True, slots=True)
class Publication:
    """A port of the program that the host serves.

    hosts: the host's ports to try; empty: any free one
    ours:  for what u2k asks of the program itself; nobody is told of it
    """

    guest: int
    protocol: Protocol = "tcp"
    ip: HostAddress = ANY
    hosts: tuple[int, ...] = ()
    ours: bool = False


@dataclass(frozen=True, slots=True)
class Published:
    """A publication with the host's port that was found for it."""

    guest: int
    protocol: Protocol
    ip: HostAddress
    host: int
    ours: bool = False

    def __str__(self) -> str:
        """As `docker ps` has it."""
        ip = f"[{self.ip}]" if self.ip.version == 6 else str(self.ip)
        return f"{ip}:{self.host}->{self.guest}/{self.protocol}"


@dataclass(frozen=True, slots=True)
class Network:
    """All of it; without interfaces the program has loopback and nothing else."""

    interfaces: tuple[Interface, ...] = ()
    publications: tuple[Publication, ...] = ()
