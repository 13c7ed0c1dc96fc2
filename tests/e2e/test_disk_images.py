"""Disk images boot in QEMU, by SeaBIOS and by OVMF, from several kinds of disk, with the root in memory and
on the disk."""

from __future__ import annotations

import random
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.builders import oci
from tests.e2e.conftest import Command
from tests.e2e.subject import needs_gcc

FIRMWARE = Path("/usr/share/OVMF")
pytestmark = [
    needs_gcc,
    pytest.mark.skipif(shutil.which("qemu-system-x86_64") is None, reason="no qemu-system-x86_64"),
]
needs_ovmf = pytest.mark.skipif(
    not (FIRMWARE / "OVMF_CODE_4M.fd").exists(), reason="no OVMF firmware (Debian: ovmf)"
)

# Memory that firmware has used has to come as zeros, and files as they were. What it says is after a marker,
# since firmware writes to the same serial port.
SOURCE = r"""
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
int main(int argc, char **argv)
{
    size_t size = 72u << 20, dirty = 0;
    unsigned long sum = 0;
    unsigned char *p = malloc(size), buffer[4096];
    for (size_t i = 0; i < size; i += 64)
        dirty += p[i] != 0;
    int fd = open("/big", O_RDONLY);
    ssize_t n;
    while ((n = read(fd, buffer, sizeof buffer)) > 0)
        for (ssize_t i = 0; i < n; i++)
            sum = sum * 31 + buffer[i];
    printf("said: dirty=%zu sum=%lx argc=%d mode=%s\\n", dirty, sum & 0xffffffff, argc,
           getenv("MODE") ? getenv("MODE") : "none");
    return 7;
}
"""
SIZE = 9 << 20  # so that the bundle does not fit below what OVMF keeps at 8 MiB


def expected(big: bytes, mode: str = "none") -> str:
    total = 0
    for byte in big:
        total = (total * 31 + byte) & 0xFFFFFFFF
    return f"said: dirty=0 sum={total:x} argc=1 mode={mode}"


@pytest.fixture(scope="module")
def big() -> bytes:
    return random.Random(7).randbytes(SIZE + 123)


@pytest.fixture(scope="module")
def image(big: bytes, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("disk-image")
    (folder / "says.c").write_text(SOURCE.replace("\\\\", "\\"))
    command = ["gcc", "-O2", "-static", "-o", str(folder / "says"), str(folder / "says.c")]
    subprocess.run(command, check=True, capture_output=True)
    layer = oci.layer(oci.file("says", (folder / "says").read_bytes(), mode=0o755), oci.file("big", big))
    return oci.write_tar(folder / "says.oci.tar", oci.simple_layout([layer], run={"Cmd": ["/says"]}))


@pytest.fixture(scope="module")
def disk(u2k: Command, image: Path) -> Callable[[str, str], Path]:
    """A disk image in a format, with the root in a place; made when first asked for."""

    def made(form: str, root: str) -> Path:
        out = image.parent / f"{root}.{form}"
        if not out.exists():
            extra = ["--cmdline", "u2k.exit=0xf4 u2k.env=MODE=fast"]
            done = u2k(
                "convert", image, "--format", form, "--root", root, "--files", "all", "-o", out, *extra
            )
            assert done.returncode == 0, done.stderr.decode()
        return out

    return made


def boot(disk: Path, form: str, *options: str, machine: str = "pc", bus: str = "virtio") -> tuple[int, str]:
    """Status of the program and all that came over the serial port."""
    command = [
        *("qemu-system-x86_64", "-M", machine, "-accel", "tcg", "-cpu", "max", "-m", "128M", "-nodefaults"),
        *("-no-user-config", "-display", "none", "-no-reboot", "-serial", "stdio"),
        *("-drive", f"file={disk},format={form},if={bus},snapshot=on"),
        *("-device", "isa-debug-exit,iobase=0xf4,iosize=4", *options),
    ]
    done = subprocess.run(command, capture_output=True, timeout=120, stdin=subprocess.DEVNULL, check=False)
    return done.returncode >> 1, done.stdout.decode(errors="replace")


def said(output: str) -> str:
    return next(
        (line[line.index("said:") :].strip() for line in output.splitlines() if "said:" in line), output
    )


@pytest.mark.parametrize(
    ("form", "root", "machine", "bus"),
    [("raw", "memory", "pc", "ide"), ("qcow2", "memory", "q35", "virtio"), ("raw", "disk", "pc", "virtio")],
)
def test_by_bios(
    disk: Callable[[str, str], Path], big: bytes, form: str, root: str, machine: str, bus: str
) -> None:
    status, output = boot(disk(form, root), form, machine=machine, bus=bus)
    assert (status, said(output)) == (7, expected(big, "fast"))


@needs_ovmf
@pytest.mark.slow
@pytest.mark.parametrize(("form", "root"), [("raw", "memory"), ("qcow2", "disk")])
def test_by_uefi(disk: Callable[[str, str], Path], big: bytes, form: str, root: str, tmp_path: Path) -> None:
    variables = tmp_path / "variables"
    shutil.copyfile(FIRMWARE / "OVMF_VARS_4M.fd", variables)
    flash = "if=pflash,format=raw,unit="
    status, output = boot(
        disk(form, root),
        form,
        *("-drive", f"{flash}0,readonly=on,file={FIRMWARE / 'OVMF_CODE_4M.fd'}"),
        *("-drive", f"{flash}1,file={variables}"),
        machine="q35",
    )
    assert (status, said(output)) == (7, expected(big, "fast"))


def test_too_little_memory_is_said(disk: Callable[[str, str], Path]) -> None:
    """The loader waits for a key; the text is on the serial port."""
    command = [
        *("qemu-system-x86_64", "-M", "pc", "-accel", "tcg", "-m", "8M", "-nodefaults", "-display", "none"),
        *("-serial", "stdio", "-drive", f"file={disk('raw', 'memory')},format=raw,if=virtio,snapshot=on"),
    ]
    machine = subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
    try:
        assert machine.stdout is not None
        text, end = b"", time.monotonic() + 60
        while b"its files\r\n" not in text and time.monotonic() < end:
            text += machine.stdout.read1()
        assert b"u2k: there is too little memory for the program and its files" in text
    finally:
        machine.kill()
        machine.wait()
