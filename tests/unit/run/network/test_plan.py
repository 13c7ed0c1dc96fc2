"""Which network a run has, by its options and by what the unikernel can use."""

from __future__ import annotations

from typing import Any

import pytest

from converter.errors import RunError, UsageError
from converter.run.network.model import Network
from converter.run.network.plan import NetworkOptions, planned
from tests.unit.run.test_request import manifest

SERVER = {"parts": ("ip",), "ports": ("80/tcp", "443/tcp", "53/udp")}


def plan(server: bool = True, **options: Any) -> Network:
    return planned(NetworkOptions(**options), manifest(**(SERVER if server else {})))


def kinds(network: Network) -> list[str]:
    return [each.kind + each.tap for each in network.interfaces]


def test_the_default_is_user_for_what_can_use_it() -> None:
    assert kinds(plan()) == ["user"]
    assert kinds(plan(server=False)) == []
    assert kinds(plan(networks=["none"])) == []
    assert kinds(plan(server=False, networks=["user"])) == []
    assert kinds(plan(networks=["tap:t0", "passt", "user"])) == ["tapt0", "passt", "user"]


def test_addresses_and_macs_go_to_the_networks_in_turn() -> None:
    found = plan(
        networks=["tap:a", "tap:b"], addresses=["dhcp", "10.0.0.2/24"], macs=["52:54:00:00:00:01"]
    ).interfaces
    assert [each.address is None for each in found] == [True, False]
    assert found[0].mac == "52:54:00:00:00:01" != found[1].mac
    (only,) = plan(addresses=["10.9.0.7/16"]).interfaces
    assert only.address is not None
    assert (str(only.address.own), str(only.address.gateway)) == ("10.9.0.7/16", "10.9.0.2")


def test_each_user_network_has_its_own_addresses() -> None:
    found = [each.address for each in plan(networks=["user", "user"]).interfaces]
    assert [str(each.own) for each in found if each] == ["10.0.2.15/24", "10.0.3.15/24"]
    assert [str(each.gateway) for each in found if each] == ["10.0.2.2", "10.0.3.2"]


def test_all_exposed_ports_but_those_that_are_named() -> None:
    found = plan(publish=["8080:80", "8080:80"], publish_all=True).publications
    assert [(each.guest, each.hosts) for each in found] == [(80, (8080,)), (443, ()), (53, ())]


@pytest.mark.parametrize(
    "options",
    [
        {"networks": ["bridge"]},
        {"networks": ["user:x"]},
        {"networks": ["tap"]},
        {"networks": ["tap:"]},
        {"networks": ["tap:a/b"]},
        {"networks": ["tap:" + "x" * 16]},
        {"networks": ["none", "user"]},
        {"networks": ["user"] * 9},
        {"networks": ["none"], "addresses": ["dhcp"]},
        {"networks": ["user"], "macs": ["52:54:00:00:00:01"] * 2},
        {"networks": ["none"], "publish": ["80"]},
        {"networks": ["tap:t"], "publish": ["80"]},
    ],
    ids=str,
)
def test_what_makes_no_sense_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        plan(**options)


def test_ports_of_what_cannot_listen() -> None:
    with pytest.raises(RunError, match="nothing in it could listen"):
        plan(server=False, publish=["80"])
    assert plan(server=False, publish_all=True) == Network()
