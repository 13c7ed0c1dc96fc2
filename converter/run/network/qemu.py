"""QEMU's options for the network of a run (qemu(1), -netdev)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from converter.errors import UsageError
from converter.run.network.host_ports import HostPorts
from converter.run.network.model import Interface, Network, Published
from converter.run.network.passt import passt


@dataclass(frozen=True, slots=True)
class QemuNetwork:
    """Options, and descriptors that QEMU inherits."""

    options: tuple[str, ...]
    descriptors: tuple[int, ...]


NO_NETWORK = QemuNetwork((), ())


@contextmanager
def qemu_network(network: Network, ports: HostPorts, *, microvm: bool) -> Iterator[QemuNetwork]:
    """Errors: UsageError for what QEMU cannot publish, RunError."""
    with passt(network, ports) as streams:
        descriptors, options = tuple(streams), []
        forwards = ports.published if _forwards(network) else ()
        for number, each in enumerate(network.interfaces):
            name = f"net{number}"
            if each.kind == "tap":
                # vnet_hdr is on as soon as the device knows it; vhost would be the host kernel's own thread.
                backend = f"tap,id={name},ifname={each.tap},script=no,downscript=no,vhost=off"
            elif each.kind == "passt":
                backend = f"stream,id={name},server=off,addr.type=fd,addr.str={streams.pop(0)}"
            else:
                backend, forwards = f"user,id={name}{_slirp(each, forwards)}", ()
            options += ["-netdev", backend, "-device", _device(name, each.mac, microvm)]
        if any(each.kind == "user" for each in network.interfaces):
            ports.release()
        yield QemuNetwork(tuple(options), descriptors)


def _forwards(network: Network) -> bool:
    """Whether QEMU publishes the ports: the first network that can does."""
    return next((each.kind for each in network.interfaces if each.kind != "tap"), None) == "user"


def _device(name: str, mac: str, microvm: bool) -> str:
    # A PCI device brings a boot ROM along, which would be read for nothing.
    return (
        f"virtio-net-device,netdev={name},mac={mac}"
        if microvm
        else (f"virtio-net-pci,netdev={name},mac={mac},romfile=")
    )


def _slirp(interface: Interface, forwards: Sequence[Published]) -> str:
    address = interface.address
    assert address is not None, "a user network has one"
    told = f",ipv6=off,net={address.own.network}"
    if address.gateway is not None:
        told += f",host={address.gateway}"
    if address.dns:
        told += f",dns={address.dns[0]}"
    for port in forwards:
        if port.ip.version == 6:
            raise UsageError(
                f"QEMU's user network publishes no IPv6 address: {port.ip}",
                where="-p",
                hint="take --network passt, or --on process",
            )
        told += f",hostfwd={port.protocol}:{port.ip}:{port.host}-{address.own.ip}:{port.guest}"
    return told
