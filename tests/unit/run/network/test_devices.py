"""What QEMU, the process platform and passt are told of a network."""

from __future__ import annotations

import pytest

from converter.errors import UsageError
from converter.run.network.host_ports import open_ports
from converter.run.network.model import Network
from converter.run.network.passt import passt_options
from converter.run.network.plan import NetworkOptions, planned
from converter.run.network.process import process_network
from converter.run.network.qemu import qemu_network
from tests.unit.run.test_request import manifest

MAC = "52:54:00:00:00:01"


def plan(*networks: str, publish: tuple[str, ...] = (), addresses: tuple[str, ...] = ()) -> Network:
    options = NetworkOptions(networks, addresses, [MAC] * (networks != ("none",)), publish)
    return planned(options, manifest(parts=("ip",)))


def qemu(network: Network, microvm: bool = True) -> list[str]:
    with (
        open_ports(network.publications) as ports,
        qemu_network(network, ports, microvm=microvm) as found,
    ):
        return [
            word.replace(f":{ports.published[0].host}-" if ports.published else "?", ":H-")
            for word in found.options
        ]


def test_user_network_of_qemu() -> None:
    assert qemu(plan(publish=("127.0.0.1::80", "127.0.0.1::53/udp")))[0:1] == ["-netdev"]
    assert qemu(plan("user", publish=("127.0.0.1::80",))) == [
        "-netdev",
        "user,id=net0,ipv6=off,net=10.0.2.0/24,host=10.0.2.2,dns=10.0.2.3,hostfwd=tcp:127.0.0.1:H-10.0.2.15:80",
        "-device",
        f"virtio-net-device,netdev=net0,mac={MAC}",
    ]


def test_tap_of_qemu() -> None:
    assert qemu(plan("tap:t0"), microvm=False) == [
        "-netdev",
        "tap,id=net0,ifname=t0,script=no,downscript=no,vhost=off",
        "-device",
        f"virtio-net-pci,netdev=net0,mac={MAC},romfile=",
    ]


def test_ports_are_published_once() -> None:
    words = qemu(plan("tap:t0", "user", "user", publish=("127.0.0.1::80",)))
    assert [word.count("hostfwd") for word in words if "id=net" in word] == [0, 1, 0]


def test_no_network_no_device() -> None:
    assert qemu(plan("none")) == []


def test_qemu_publishes_no_ipv6_address() -> None:
    with pytest.raises(UsageError, match="IPv6"):
        qemu(plan("user", publish=("[::1]::80",)))


def test_process_platform() -> None:
    network = plan("tap:t0", "user", publish=("127.0.0.1::80", "127.0.0.1::53/udp"))
    with open_ports(network.publications) as ports, process_network(network, ports) as found:
        tcp, udp = found.descriptors
        assert found.options == (
            f"--net=tap:t0,mac={MAC}",
            f"--publish=tcp:80:{tcp}",
            f"--publish=udp:53:{udp}",
        )
        assert [each.kind for each in found.devices] == ["tap"]


def test_options_of_passt() -> None:
    network = plan("passt", publish=("127.0.0.1::80",), addresses=("10.0.0.2/24,gateway=10.0.0.1",))
    with open_ports(network.publications) as ports:
        host = ports.published[0].host
        assert passt_options(network.interfaces[0], ports.published) == [
            *("--foreground", "--quiet", "--tcp-ports", f"127.0.0.1/{host}:80", "--udp-ports", "none"),
            *("--address", "10.0.0.2", "--netmask", "255.255.255.0", "--gateway", "10.0.0.1"),
        ]
    assert passt_options(plan("passt").interfaces[0], ()) == [
        *("--foreground", "--quiet", "--tcp-ports", "none", "--udp-ports", "none")
    ]
