"""How the host reaches the port that a HEALTHCHECK asks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from ipaddress import IPv4Address

from converter.link.manifest import Manifest
from converter.run.network.model import Network, Publication, Published
from converter.runs.health.command import NotSimpleError
from converter.runs.health.recognise import Check, recognised
from converter.runs.health.watch import HealthWatch, schedule_of
from converter.runs.state import Health

_LOCAL = IPv4Address("127.0.0.1")


def wanted_check(manifest: Manifest) -> Check | Health | None:
    """What the image's HEALTHCHECK asks; why nobody can know; None if it has none."""
    test = (manifest.healthcheck or {}).get("test") or ["NONE"]
    if test[0] == "NONE":
        return None
    try:
        env = dict(entry.split("=", 1) for entry in manifest.env if "=" in entry)
        return recognised([str(word) for word in test], env)
    except NotSimpleError as error:
        return Health("unknown", why=str(error))


def reachable(network: Network, check: Check | Health | None) -> Network:
    """`network` with a port of the host, for u2k alone, if the one that is asked is not published anyway."""
    if not isinstance(check, Check) or not any(each.kind != "tap" for each in network.interfaces):
        return network
    if any(each.guest == check.port and each.protocol == "tcp" for each in network.publications):
        return network
    own = Publication(check.port, "tcp", _LOCAL, ours=True)
    return replace(network, publications=(*network.publications, own))


def health_watch(
    manifest: Manifest, network: Network, published: Sequence[Published], check: Check | Health | None
) -> HealthWatch | Health | None:
    """Who checks, where the host can; else what is known without."""
    if not isinstance(check, Check):
        return check
    schedule = schedule_of(manifest.healthcheck or {})
    for port in published:
        if port.guest == check.port and port.protocol == "tcp":
            loopback = "127.0.0.1" if port.ip.version == 4 else "::1"
            host = loopback if port.ip.is_unspecified else str(port.ip)
            return HealthWatch(check, host, port.host, schedule)
    for interface in network.interfaces:
        if interface.address is not None:
            return HealthWatch(check, str(interface.address.own.ip), check.port, schedule)
    why = "its address is not known here" if network.interfaces else "it has no network"
    return Health("unknown", why=why)
