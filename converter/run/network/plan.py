"""From options to the network of a run."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from ipaddress import IPv4Interface
from itertools import zip_longest
from typing import cast

from converter.errors import RunError, UsageError
from converter.link.manifest import Manifest
from converter.run.network.address import parse_address, parse_mac, random_mac
from converter.run.network.model import Address, Interface, Kind, Network
from converter.run.network.publish import exposed, parse_publication

_LOG = logging.getLogger("u2k")
FORMS = ("user", "tap:", "passt", "none")
_INTERFACES_MAX = 8
_TAP_NAME = re.compile(r"[^\s/:]{1,15}")  # netdevice(7): IFNAMSIZ, with its NUL; dev_valid_name() in Linux


@dataclass(frozen=True, slots=True)
class NetworkOptions:
    """What was said on the command line; the n-th --ip and --mac are of the n-th --network."""

    networks: Sequence[str] = ()
    addresses: Sequence[str] = ()
    macs: Sequence[str] = ()
    publish: Sequence[str] = ()
    publish_all: bool = False


def has_network(manifest: Manifest) -> bool:
    """Whether anything in the unikernel could use an interface: sockets of AF_UNIX cannot."""
    return "ip" in manifest.parts


def planned(options: NetworkOptions, manifest: Manifest) -> Network:
    """The network for `options`. Without any: `user` if the program can use it, else nothing.

    Errors: UsageError for options that make no sense, RunError for ports of what cannot listen.
    """
    asked = [each for text in options.publish for each in parse_publication(text)]
    named = {(each.guest, each.protocol) for each in asked}
    free = exposed(manifest.ports) if options.publish_all else ()
    ports = dict.fromkeys((*asked, *(each for each in free if (each.guest, each.protocol) not in named)))
    names = list(options.networks)
    interfaces = _interfaces(names, options)
    if ports and names and not any(each.kind in ("user", "passt") for each in interfaces):
        raise UsageError(
            f"there is no port of the host to publish with --network {names[0]}",
            where="-p",
            hint="the program's own address serves its ports there; or take --network user or passt",
        )
    if has_network(manifest):
        if not names:
            interfaces = _interfaces(["user"], options)
        return Network(_with_addresses(interfaces), tuple(ports))
    if asked:
        raise RunError(
            "nothing in it could listen: it was converted without the part `ip`",
            where="-p",
            hint="leave -p away; or convert the image again, with --add-part ip",
        )
    if interfaces:
        _LOG.info("no network: nothing in the unikernel could use it")
    return Network()


def _interfaces(names: Sequence[str], options: NetworkOptions) -> list[Interface]:
    if "none" in names:
        if len(names) > 1:
            raise UsageError("none excludes all others", where="--network", hint="leave one of them away")
        names = ()
    if len(names) > _INTERFACES_MAX:
        raise UsageError(f"more than {_INTERFACES_MAX} interfaces", where="--network")
    for option, values in (("--ip", options.addresses), ("--mac", options.macs)):
        if len(values) > max(len(names), 0 if options.networks else 1):
            raise UsageError(
                "there are more of these than networks", where=option, hint="give each after its --network"
            )
    addresses, macs = options.addresses[: len(names)], options.macs[: len(names)]
    return [_interface(*each) for each in zip_longest(names, addresses, macs)]


def _interface(name: str, address: str | None, mac: str | None) -> Interface:
    kind, colon, tap = name.partition(":")
    if kind not in ("user", "passt", "tap") or (colon and kind != "tap"):
        raise UsageError(
            f"{name[:40]!r} is no network",
            where="--network",
            hint="choose one of: user, tap:NAME, passt, none",
        )
    if kind == "tap" and not _TAP_NAME.fullmatch(tap):
        raise UsageError(
            f"{tap[:40]!r} is no name of an interface",
            where="--network",
            hint="make a device with: ip tuntap add tap0 mode tap user $USER; then: --network tap:tap0",
        )
    return Interface(
        cast(Kind, kind),
        random_mac() if mac is None else parse_mac(mac),
        tap,
        None if address is None else parse_address(address),
    )


def _with_addresses(interfaces: Sequence[Interface]) -> tuple[Interface, ...]:
    """User networks have addresses that are known without asking: 10.0.2.0/24, where the guest is .15, the
    gateway .2 and the name server .3 (QEMU, docs/system/devices/net.rst); the next one is 10.0.3.0/24.
    """
    found, third = [], 2
    for interface in interfaces:
        if interface.kind == "user":
            given = interface.address or Address(IPv4Interface(f"10.0.{third}.15/24"))
            first = given.own.network.network_address
            gateway, dns = given.gateway or first + 2, given.dns or (first + 3,)
            interface = replace(interface, address=Address(given.own, gateway, dns))
            third += 1
        found.append(interface)
    return tuple(found)
