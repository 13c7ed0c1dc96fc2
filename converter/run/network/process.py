"""The process platform's network options (libos/platform/process/README.md)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from converter.run.network.host_ports import HostPorts
from converter.run.network.model import Interface, Network
from converter.run.network.passt import passt


@dataclass(frozen=True, slots=True)
class ProcessNetwork:
    """Options before the file, descriptors that the child inherits, and the interfaces that it will have."""

    options: tuple[str, ...]
    descriptors: tuple[int, ...]
    devices: tuple[Interface, ...]


@contextmanager
def process_network(network: Network, ports: HostPorts) -> Iterator[ProcessNetwork]:
    """For `user` there are no frames: the library OS takes connections from the host's listening sockets.

    Errors: RunError.
    """
    devices = tuple(each for each in network.interfaces if each.kind != "user")
    with passt(network, ports) as streams:
        options, descriptors = [], list(streams)
        for each in devices:
            way = f"stream:{streams.pop(0)}" if each.kind == "passt" else f"tap:{each.tap}"
            options.append(f"--net={way},mac={each.mac}")
        if any(each.kind == "user" for each in network.interfaces):
            for port, descriptor in ports.listening():
                options.append(f"--publish={port.protocol}:{port.guest}:{descriptor}")
                descriptors.append(descriptor)
        yield ProcessNetwork(tuple(options), tuple(descriptors), devices)
