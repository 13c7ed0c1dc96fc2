"""What is compared: the same program natively, in a Linux guest, in a unikernel on QEMU and as a process."""

from __future__ import annotations

import contextlib
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from converter.convert import Options, convert
from converter.image.open import open_image
from converter.link.manifest import Manifest, read_manifest
from scripts.measure.network.counter import Counter
from scripts.measure.network.linux_guest import fetch_kernel, initramfs, unpack_image
from tests.net.link import Namespace

GATEWAY, GUEST = "10.78.0.1", "10.78.0.2"
IP = f"ip={GUEST}::{GATEWAY}:255.255.255.0::eth0:off"
_MAC = "52:54:00:78:00:02"
# Debian's kernel finds no clock to start by on an emulated microvm; the unikernel gets the same machine as it.
_MACHINE = ["-M", "pc", "-accel", "tcg", "-cpu", "max", "-smp", "1"]


@dataclass(frozen=True)
class Subject:
    """A server: its image, and how it is told to start (None: as the image says)."""

    name: str
    archive: Path
    port: int
    argv: list[str]
    env: list[str]
    cwd: str


@dataclass
class Running:
    """A server that listens at `address`; `counter` of guests on QEMU."""

    name: str
    address: str
    process: subprocess.Popen[bytes]
    counter: Counter | None = None


def make_wire(where: Namespace, name: str = "bench0") -> str:
    """A tap device in `where`, whose far end a guest gets by its name."""
    where.ip("tuntap", "add", "dev", name, "mode", "tap", "vnet_hdr")
    where.ip("addr", "add", f"{GATEWAY}/24", "dev", name)
    where.ip("link", "set", name, "up")
    return name


def _qemu(counter: Counter, kernel: Path, memory: str, line: str, tap: str, more: list[str]) -> list[str]:
    return [
        *("qemu-system-x86_64", *_MACHINE, "-m", memory, "-nodefaults", "-no-user-config", "-no-reboot"),
        *("-display", "none", "-kernel", str(kernel), "-append", line),
        *("-netdev", f"tap,id=n0,ifname={tap},script=no,downscript=no"),
        *("-device", f"virtio-net-pci,netdev=n0,mac={_MAC}"),
        *("-object", "rng-random,id=r0,filename=/dev/urandom", "-device", "virtio-rng-pci,rng=r0"),
        *counter.options,
        *more,
    ]


@contextlib.contextmanager
def _started(where: Namespace, name: str, command: list[str], log: Path, address: str, port: int) -> Iterator[Running]:
    with log.open("wb") as out:
        process = subprocess.Popen(
            where.command(*command), stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT
        )
    try:
        _await_port(where, process, address, port, log)
        yield Running(name, address, process)
    finally:
        process.kill()
        process.wait()


def _await_port(where: Namespace, process: subprocess.Popen[bytes], address: str, port: int, log: Path) -> None:
    probe = f"import socket; socket.create_connection(({address!r}, {port}), 0.5).close()"
    for _ in range(240):
        if process.poll() is not None:
            break
        done = subprocess.run(where.command("python3", "-c", probe), capture_output=True, check=False)
        if done.returncode == 0:
            return
        time.sleep(0.25)
    said = log.read_text(errors="replace")[-3000:]
    raise RuntimeError(f"nothing answers at {address}:{port}; {log} says:\n{said}")


@contextlib.contextmanager
def linux_guest(where: Namespace, tap: str, folder: Path, cache: Path, subject: Subject) -> Iterator[Running]:
    kernel = fetch_kernel(cache)
    target = folder / f"{subject.name}.bundle"
    root = target / "rootfs" if target.exists() else unpack_image(subject.archive, target)
    archive = folder / f"{subject.name}.cpio"
    if not archive.exists():
        initramfs(kernel, root, archive, subject.argv, subject.env, subject.cwd, GUEST)
    counter = Counter(folder, f"{subject.name}.linux")
    (image,) = kernel.glob("boot/vmlinuz-*")
    more = ["-initrd", str(archive), "-serial", "stdio"]
    line = "console=ttyS0 quiet panic=-1 reboot=t"
    command = _qemu(counter, image, "768M", line, tap, more)
    with _started(where, "linux guest", command, folder / f"{subject.name}.linux.log", GUEST, subject.port) as made:
        made.counter = counter
        yield made


def unikernel_file(folder: Path, subject: Subject, target: str, **options: object) -> tuple[Path, Manifest]:
    out = folder / f"{subject.name}.{target}"
    if not out.exists():
        convert(str(subject.archive), out, Options(target=target, **options))  # type: ignore[arg-type]
    return out, read_manifest(out)


@contextlib.contextmanager
def unikernel_on_qemu(
    where: Namespace, tap: str, folder: Path, subject: Subject, memory: str = "256M"
) -> Iterator[Running]:
    file, _ = unikernel_file(folder, subject, "vm")
    counter = Counter(folder, f"{subject.name}.u2k")
    log = folder / f"{subject.name}.u2k.log"
    more = ["-serial", f"file:{log}.serial", "-device", "virtio-serial-pci"]
    for port in ("control", "in", "out", "err", "log"):
        backend = f"null,id={port}" if port in ("control", "in") else f"file,id={port},path={log}.{port}"
        more += ["-chardev", backend, "-device", f"virtserialport,chardev={port},name=u2k.{port}"]
    command = _qemu(counter, file, memory, f"u2k.loglevel=2 {IP}", tap, more)
    with _started(where, "unikernel", command, log, GUEST, subject.port) as made:
        made.counter = counter
        yield made


@contextlib.contextmanager
def unikernel_as_process(where: Namespace, tap: str, folder: Path, subject: Subject) -> Iterator[Running]:
    file, _ = unikernel_file(folder, subject, "process")
    command = [str(file), f"--net=tap:{tap}", IP]
    with _started(where, "process", command, folder / f"{subject.name}.process.log", GUEST, subject.port) as made:
        yield made


@contextlib.contextmanager
def native(near: Namespace, far: Namespace, folder: Path, subject: Subject) -> Iterator[Running]:
    """The program itself in a chroot of its image, behind a veth pair, in a namespace of its own."""
    target = folder / f"{subject.name}.bundle"
    root = target / "rootfs" if target.exists() else unpack_image(subject.archive, target)
    own = "10.79.0.2"
    near.ip("link", "add", "veth0", "type", "veth", "peer", "name", "veth1", "netns", far.name)
    near.ip("addr", "add", "10.79.0.1/24", "dev", "veth0")
    near.ip("link", "set", "veth0", "up")
    far.ip("addr", "add", f"{own}/24", "dev", "veth1")
    far.ip("link", "set", "veth1", "up")
    environment = ["env", "-i", *subject.env]
    command = far.command(*environment, "chroot", str(root), *subject.argv)
    log = folder / f"{subject.name}.native.log"
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT)
    try:
        _await_port(near, process, own, subject.port, log)
        yield Running("native", own, process)
    finally:
        process.kill()
        process.wait()
        near.ip("link", "delete", "veth0")


def subject_of(name: str, archive: Path, port: int, argv: list[str]) -> Subject:
    image = open_image(str(archive))
    config = image.config
    return Subject(name, archive, port, argv, list(config.env), config.working_dir)
