"""What is compared: the same program natively, in a Linux guest, in a unikernel on QEMU and as a process."""

from __future__ import annotations

import contextlib
import socket
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
from tests.net.machines import await_port, ip_token, qemu, started, tap_device, unikernel_streams

GATEWAY, GUEST = "10.78.0.1", "10.78.0.2"
IP = ip_token(GUEST, GATEWAY)


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


@contextlib.contextmanager
def _serving(
    where: Namespace,
    name: str,
    command: list[str],
    log: Path,
    subject: Subject,
    counter: Counter | None = None,
) -> Iterator[Running]:
    with started(command, log, where) as process:
        await_port(where, process, GUEST, subject.port, log)
        yield Running(name, GUEST, process, counter)


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
    more = ["-initrd", str(archive), "-serial", "stdio", *tap_device(tap), *counter.options]
    command = qemu(image, "768M", "console=ttyS0 quiet panic=-1 reboot=t", more)
    log = folder / f"{subject.name}.linux.log"
    with _serving(where, "linux guest", command, log, subject, counter) as made:
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
    more = [*unikernel_streams(log), *tap_device(tap), *counter.options]
    command = qemu(file, memory, f"u2k.loglevel=2 {IP}", more)
    with _serving(where, "unikernel", command, log, subject, counter) as made:
        yield made


@contextlib.contextmanager
def first_pong(
    where: Namespace, tap: str, folder: Path, subject: Subject, memory: str, **options: object
) -> Iterator[tuple[Running, int]]:
    """Redis on a microvm, the machine that starts soonest, and the instructions until it answered PING.

    The question is put on the wire before there is anybody, and asked again until it is answered.
    """
    file, manifest = unikernel_file(folder, subject, "vm", **options)
    counter = Counter(folder, f"{subject.name}.pong")
    log = folder / f"{subject.name}.pong.log"
    device = [word.replace("virtio-net-pci", "virtio-net-device") for word in tap_device(tap)]
    command = [
        *("qemu-system-x86_64", "-M", "microvm,acpi=off", "-accel", "tcg", "-cpu", "max", "-m", memory),
        *("-nodefaults", "-no-user-config", "-no-reboot", "-display", "none", "-serial", "stdio"),
        *("-kernel", str(file), "-append", f"u2k.loglevel=2 {IP}"),
        *("-global", "virtio-mmio.force-legacy=false", *device, *counter.options),
        *("-object", "rng-random,id=r0,filename=/dev/urandom", "-device", "virtio-rng-device,rng=r0"),
        *(_disk(file) if manifest.root_on == "disk" else ()),
    ]
    with started(command, log, where) as process:
        with where.entered():
            instructions = _until_pong(counter, subject.port, process)
        if instructions is None:
            raise RuntimeError(f"no PONG: {log.read_text(errors='replace')[-1500:]}")
        yield Running("unikernel", GUEST, process, counter), instructions


def _disk(file: Path) -> list[str]:
    """The file as a disk: the library OS finds its root image in it."""
    drive = f"driver=raw,node-name=root,read-only=on,file.driver=file,file.filename={file}"
    return ["-blockdev", drive, "-device", "virtio-blk-device,drive=root"]


def _until_pong(counter: Counter, port: int, process: subprocess.Popen[bytes]) -> int | None:
    end = time.monotonic() + 60
    while time.monotonic() < end and process.poll() is None:
        try:
            with socket.create_connection((GUEST, port), 0.2) as connection:
                connection.sendall(b"PING\r\n")
                if connection.recv(100).startswith(b"+PONG"):
                    return counter.read()
        except OSError:
            time.sleep(0.001)
    return None


@contextlib.contextmanager
def unikernel_as_process(where: Namespace, tap: str, folder: Path, subject: Subject) -> Iterator[Running]:
    file, _ = unikernel_file(folder, subject, "process")
    command = [str(file), f"--net=tap:{tap}", IP]
    with _serving(where, "process", command, folder / f"{subject.name}.process.log", subject) as made:
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
    try:
        with started(command, log) as process:
            await_port(near, process, own, subject.port, log)
            yield Running("native", own, process)
    finally:
        near.ip("link", "delete", "veth0")


def subject_of(name: str, archive: Path, port: int, argv: list[str]) -> Subject:
    image = open_image(str(archive))
    config = image.config
    return Subject(name, archive, port, argv, list(config.env), config.working_dir)
