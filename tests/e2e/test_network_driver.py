"""The network driver alone: tests/guest/network, a core that does what frames tell it, behind a tap."""

from __future__ import annotations

import ctypes
import json
import os
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from converter.link import toolchain
from converter.link.architecture import X86_64
from converter.link.build import SHARED, build_archive, include_folders
from converter.link.source import libos_root
from tests.e2e.kernel_file import file_of
from tests.e2e.machine import QEMU

CORE = Path(__file__).resolve().parent.parent / "guest/network/core.c"
GUEST = bytes.fromhex("525400123456")
TYPE = b"\x88\xb5"
HEADER = 14
PATTERN = bytes(i % 251 for i in range(65536))
CLONE_NEWNET = 0x40000000
SOL_PACKET, PACKET_VNET_HDR, PACKET_OUTGOING = 263, 15, 4
MODERN = ("-global", "virtio-mmio.force-legacy=false")
# Machine, properties of the device, more of QEMU's options.
WAYS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "mmio-legacy": ("microvm,acpi=off", "", ()),
    "mmio-modern": ("microvm,acpi=off", "", MODERN),
    "mmio-acpi": ("microvm", "", ()),
    "pci-transitional": ("pc", "", ()),
    "pci-modern": ("q35", ",disable-legacy=on,rx_queue_size=1024", ()),
    "no-event-index": ("q35", ",event_idx=off", ()),
    "no-tables": ("microvm,acpi=off", ",indirect_desc=off", ()),
    "no-merging": ("microvm,acpi=off", ",mrg_rxbuf=off", ()),
    "no-merging-legacy-big": ("microvm,acpi=off", ",mrg_rxbuf=off,host_mtu=4000", ()),
    "no-offloads": ("microvm,acpi=off", ",csum=off,guest_csum=off", MODERN),
}

pytestmark = [
    pytest.mark.skipif(QEMU is None, reason="no qemu-system-x86_64 (Debian: qemu-system-x86)"),
    pytest.mark.skipif(os.geteuid() != 0 or not Path("/dev/net/tun").exists(), reason="needs a tap device"),
]


@pytest.fixture(scope="session")
def unikernel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("network-driver")
    toolchain.compile_object(CORE, folder / "core.o", X86_64, include_folders(X86_64))
    archives = [build_archive("vm", X86_64), build_archive(SHARED, X86_64)]
    script = libos_root() / "platform/vm/x86_64/kernel.lds"
    toolchain.link(folder / "kernel", script, [folder / "core.o", *archives])
    (folder / "unikernel").write_bytes(file_of(folder / "kernel", b""))
    return folder / "unikernel"


class Wire:
    """The host's end of the tap device."""

    def __init__(self, tap: str = "tap0", guest: bytes = GUEST) -> None:
        self.guest = guest
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        self.socket.bind((tap, 0))
        self.socket.setsockopt(socket.SOL_SOCKET, 33, 64 << 20)  # SO_RCVBUFFORCE
        self.socket.settimeout(10)
        self.mac: bytes = self.socket.getsockname()[4]

    def order(self, what: bytes, pieces: int = 1, count: int = 0, size: int = 0, data: bytes = b"") -> None:
        fields = struct.pack("<cBII", what, pieces, count, size)
        self.socket.send(self.guest + self.mac + TYPE + fields + data)

    def segment(self, size: int) -> None:
        """A TCP packet that nobody has cut yet, as a process of this host sends it."""
        ip = struct.pack(">BBHIBBHII", 0x45, 0, 40 + size, 0, 64, 6, 0, 0x0A000001, 0x0A000002)
        tcp = struct.pack(">HHIIBBHHH", 1, 2, 0, 0, 0x50, 0x10, 65535, 0, 0)
        offload = struct.pack("<BBHHHH", 1, 1, 54, 1460, 34, 16)
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as other:
            other.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
            other.bind(("tap0", 0))
            other.send(offload + GUEST + self.mac + b"\x08\0" + ip + tcp + PATTERN[:size])

    def frame(self) -> bytes:
        while True:
            data, address = self.socket.recvfrom(70000)
            if address[2] != PACKET_OUTGOING:
                return data

    def told(self) -> dict[str, int]:
        self.order(b"t")
        words = self.frame()[HEADER:].decode().split()
        return {
            name: int(value, 16 if name == "features" else 10)
            for name, value in zip(words[::2], words[1::2], strict=True)
        }


def make_tap(name: str) -> None:
    commands = (
        f"ip tuntap add {name} mode tap vnet_hdr",
        f"ip link set {name} mtu 4000 txqueuelen 8000",
        "sysctl -qw net.ipv6.conf.all.disable_ipv6=1",
        f"ip link set {name} up",
    )
    for command in commands:
        subprocess.run(command.split(), check=True)


@contextmanager
def machine(unikernel: Path, way: str) -> Iterator[Wire]:
    kind, properties, more = WAYS[way]
    device = "virtio-net-device" if kind.startswith("microvm") else "virtio-net-pci"
    make_tap("tap0")
    qemu = subprocess.Popen(
        [
            *(str(QEMU), "-M", kind, "-accel", "tcg", "-cpu", "qemu64", "-m", "16M"),
            *("-kernel", str(unikernel), "-nodefaults", "-no-user-config", "-display", "none"),
            *("-no-reboot", "-serial", "stdio", "-append", "u2k.loglevel=4"),
            *("-netdev", "tap,id=n0,ifname=tap0,script=no,downscript=no,vhost=off"),
            *("-device", f"{device},netdev=n0,mac={GUEST.hex(':')}{properties}", *more),
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
    )
    try:
        assert qemu.stdout is not None
        qemu.stdout.readline()  # it says that the card is there
        wire = Wire()
        yield wire
        wire.order(b"q", 1, 200, 1000)
        assert qemu.wait(20) == 0
        assert [len(wire.frame()) for _ in range(200)] == [HEADER + 1004] * 200
    finally:
        qemu.kill()
        qemu.wait()


def in_own_network(work: Callable[[], None]) -> None:
    """Call it in a thread with a network namespace of its own, where QEMU and the sockets are too."""
    failures: list[BaseException] = []

    def run() -> None:
        try:
            libc = ctypes.CDLL(None, use_errno=True)
            assert libc.unshare(CLONE_NEWNET) == 0, os.strerror(ctypes.get_errno())
            work()
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if failures:
        raise failures[0]


def exercise(wire: Wire, way: str) -> None:
    offloads = 0 if way == "no-offloads" else 7
    told = wire.told()
    assert (told["features"], told["running"]) == (offloads, 64)
    assert told["mtu"] == (4000 if "big" in way else 1500)
    for size in (0, 1, 35, 100, 1000, 1476, *((1490, 3900) if "big" in way or "merging" not in way else ())):
        wire.order(b"e", data=PATTERN[:size])
        frame = wire.frame()
        assert frame[:HEADER] == wire.mac + GUEST + TYPE
        assert frame[HEADER + 10 : HEADER + 10 + size] == PATTERN[:size]
    for number in range(1000):  # many at once, all answered in order
        wire.order(b"e", data=struct.pack("<I", number))
    assert [wire.frame()[HEADER + 10 :] for _ in range(1000)] == [struct.pack("<I", i) for i in range(1000)]
    # More than the ring takes: some wait in the driver.
    for pieces in (1, 2, 3, 4, 40, 100):
        count = 60 if way == "no-tables" else 600
        wire.order(b"b", pieces, count, 1400)
        for number in range(count):
            frame = wire.frame()
            assert frame[HEADER:] == struct.pack("<I", number) + PATTERN[:1400]
    if offloads:
        for pieces, size in ((1, 900), (1, 60000), (30, 65000)):
            wire.order(b"g", pieces, 1460, size)
            assert wire.frame()[54:] == PATTERN[:size]
    before = wire.told()
    wire.segment(60000)
    after = wire.told()
    merged = bool(offloads) and "merging" not in way
    assert after["rx"] - before["rx"] == (2 if merged else 1 + -(-60000 // 1460))
    assert after["dropped"] == after["errors"] == after["sends_dropped"] == 0
    deadline = time.monotonic() + 10
    while wire.told()["memory"] != told["memory"]:  # nothing is kept, though nothing more is sent
        assert time.monotonic() < deadline
        time.sleep(0.1)
    for on in (1, 0):
        wire.order(b"p", 0, on)
        wire.told()


@pytest.mark.parametrize("way", WAYS)
def test_frames_both_ways(unikernel: Path, way: str) -> None:
    def work() -> None:
        with machine(unikernel, way) as wire:
            exercise(wire, way)

    in_own_network(work)


@pytest.mark.parametrize(("kind", "device"), [("microvm,acpi=off", "device"), ("q35", "pci")])
def test_two_cards_and_a_cable_that_is_pulled(
    unikernel: Path, kind: str, device: str, tmp_path: Path
) -> None:
    second = GUEST[:-1] + b"\x57"

    def work() -> None:
        make_tap("tap0")
        make_tap("tap1")
        options = []
        for number, mac in enumerate((GUEST, second)):
            options += ["-netdev", f"tap,id=n{number},ifname=tap{number},script=no,downscript=no,vhost=off"]
            options += ["-device", f"virtio-net-{device},netdev=n{number},id=d{number},mac={mac.hex(':')}"]
        qemu = subprocess.Popen(
            [
                *(str(QEMU), "-M", kind, "-accel", "tcg", "-cpu", "qemu64", "-m", "16M"),
                *("-kernel", str(unikernel), "-nodefaults", "-no-user-config", "-display", "none"),
                *("-no-reboot", "-serial", "stdio", "-append", "u2k.loglevel=4", *MODERN, *options),
                *("-qmp", f"unix:{tmp_path}/qmp,server=on,wait=off"),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
        )
        try:
            assert qemu.stdout is not None
            said = iter(qemu.stdout.readline, b"")
            next(line for line in said if b"eth1" in line)
            wires = Wire("tap0"), Wire("tap1", second)
            assert [wire.told()["rx"] for wire in wires] == [1, 1]
            with socket.socket(socket.AF_UNIX) as control, control.makefile("rwb") as file:
                control.connect(f"{tmp_path}/qmp")
                file.readline()
                for command in ("qmp_capabilities", "down", "up"):
                    asked = {"execute": "set_link", "arguments": {"name": "d1", "up": command == "up"}}
                    file.write(json.dumps({"execute": command} if "_" in command else asked).encode())
                    file.flush()
                    file.readline()
                    if "_" not in command:
                        assert next(line for line in said if b"link" in line).endswith(
                            f"{command}\n".encode()
                        )
            assert [wire.told()["running"] for wire in wires] == [64, 64]
            wires[1].order(b"q")
            assert qemu.wait(20) == 0
        finally:
            qemu.kill()
            qemu.wait()

    in_own_network(work)
