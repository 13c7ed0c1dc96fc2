"""How the host comes to the port that a HEALTHCHECK asks, and what is said when it cannot."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from converter.link.manifest import Manifest
from converter.run.network.model import Network, Published
from converter.run.network.plan import NetworkOptions, planned
from converter.runs.health.reach import health_watch, reachable, wanted_check
from converter.runs.health.recognise import Check
from converter.runs.health.watch import HealthWatch
from converter.runs.state import Health
from tests.unit.run.test_request import manifest


def image(*test: str, **more: Any) -> Manifest:
    return manifest(parts=("ip",), healthcheck={"test": list(test), "interval": 7 * 10**9}, **more)


ASKS = image("CMD-SHELL", "curl -f http://localhost:$PORT/", env=("PORT=8080", "ODD"))


def plan(**options: Any) -> Network:
    return planned(NetworkOptions(**options), ASKS)


def reached(network: Network, *ports: Published) -> object:
    found = health_watch(ASKS, network, ports, wanted_check(ASKS))
    return (found.host, found.port, found.schedule.interval) if isinstance(found, HealthWatch) else found


@pytest.mark.parametrize("healthcheck", [None, {}, {"test": []}, {"test": ["NONE"]}])
def test_images_without_one(healthcheck: dict[str, object] | None) -> None:
    assert wanted_check(manifest(healthcheck=healthcheck)) is None


def test_what_is_asked_and_why_nothing_can_be() -> None:
    found = wanted_check(ASKS)
    assert isinstance(found, Check) and found.port == 8080
    other = wanted_check(image("CMD", "/check"))
    assert isinstance(other, Health) and (other.status, "beside" in other.why) == ("unknown", True)


def test_a_port_that_is_not_published_gets_one_for_this_alone() -> None:
    found = reachable(plan(), wanted_check(ASKS)).publications
    assert [(str(each.ip), each.guest, each.hosts, each.ours) for each in found] == [
        ("127.0.0.1", 8080, (), True)
    ]
    for network in (plan(publish=["8080"]), plan(networks=["none"]), plan(networks=["tap:t"])):
        assert reachable(network, wanted_check(ASKS)) == network
    assert reachable(plan(publish=["8080/udp"]), wanted_check(ASKS)) != plan(publish=["8080/udp"])
    assert reachable(plan(), None).publications == reachable(plan(), Health("unknown")).publications == ()


def test_over_the_published_port() -> None:
    from ipaddress import ip_address

    port = Published(8080, "tcp", ip_address("0.0.0.0"), 31000)
    assert reached(plan(), replace(port, protocol="udp", host=1), port) == ("127.0.0.1", 31000, 7)
    assert reached(plan(), replace(port, ip=ip_address("192.0.2.1"))) == ("192.0.2.1", 31000, 7)
    assert reached(plan(), replace(port, ip=ip_address("::"))) == ("::1", 31000, 7)


def test_over_a_tap_and_not_at_all() -> None:
    assert reached(plan(networks=["tap:t"], addresses=["10.1.2.3/24"])) == ("10.1.2.3", 8080, 7)
    assert reached(plan(networks=["tap:t"])) == Health("unknown", why="its address is not known here")
    assert reached(plan(networks=["none"])) == Health("unknown", why="it has no network")
