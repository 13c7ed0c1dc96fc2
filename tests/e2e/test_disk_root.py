"""A root on a disk, which is the unikernel file: larger than the machine's memory, and read as any other."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.builders import oci
from tests.e2e.conftest import Command
from tests.e2e.machine import run
from tests.e2e.subject import needs_gcc

pytestmark = [
    needs_gcc,
    pytest.mark.skipif(shutil.which("qemu-system-x86_64") is None, reason="no qemu-system-x86_64"),
]

MIB = 1 << 20
SIZE = 24 * MIB + 777
MEMORY = "12M"
# Sums, so that nothing depends on a library: FNV-1a over 8 bytes at a time.
SOURCE = r"""
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
static uint64_t sum;
static void add(const unsigned char *p, size_t n)
{
    for (size_t i = 0; i + 8 <= n; i += 8) {
        uint64_t v;
        memcpy(&v, p + i, 8);
        sum = (sum ^ v) * 1099511628211u;
    }
}
static void show(const char *what)
{
    printf("%s %016llx\n", what, (unsigned long long)sum);
    sum = 14695981039346656037u;
}
int main(void)
{
    static unsigned char buffer[1 << 16];
    size_t size = 24 << 20, n, some = 3 << 20;
    show("start");
    for (int i = 0; i < 2; i++) {
        int fd = open("/big", O_RDONLY);
        while ((n = read(fd, buffer, sizeof buffer)) == sizeof buffer)
            add(buffer, n);
        printf("%zu\n", n);
        show("read");
        unsigned char *p = mmap(NULL, size, PROT_READ, i ? MAP_SHARED : MAP_PRIVATE, fd, 0);
        add(p, size);
        show("mapped");
        munmap(p, size);
        /* Pages of our own over pages of the file, and what is written stays while files come and go. */
        p = mmap(NULL, some, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 1 << 20);
        for (size_t at = 0; at < some; at += 8192)
            p[at] ^= 0x55;
        unsigned char *more = malloc(some);
        memset(more, i + 1, some);
        lseek(fd, 0, SEEK_SET);
        while ((n = read(fd, buffer, sizeof buffer)) == sizeof buffer)
            add(buffer, n);
        show("again");
        p = mremap(p, some, some + 4096, MREMAP_MAYMOVE);
        mmap(p + some, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
        add(p, some);
        add(more, some);
        show("own");
        munmap(p, some + 4096);
        free(more);
        close(fd);
    }
    FILE *f = fopen("/etc/motd", "r");
    if (f && fgets((char *)buffer, sizeof buffer, f))
        fputs((char *)buffer, stdout);
    return 7;
}
"""


@pytest.fixture(scope="module")
def built(u2k: Command, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, bytes]:
    """The unikernel, and what its program says natively."""
    folder = tmp_path_factory.mktemp("disk-root")
    source, program = folder / "reads.c", folder / "reads"
    big = folder / "big"
    big.write_bytes(random.Random(1).randbytes(SIZE))
    source.write_text(SOURCE)
    subprocess.run(["gcc", "-O2", "-static", "-D_GNU_SOURCE", str(source), "-o", str(program)], check=True)
    native = folder / "native"
    text = SOURCE.replace('"/big"', json.dumps(str(big))).replace(
        '"/etc/motd"', json.dumps(str(folder / "motd"))
    )
    (folder / "motd").write_text("hello\n")
    (folder / "native.c").write_text(text)
    subprocess.run(["gcc", "-O2", "-D_GNU_SOURCE", str(folder / "native.c"), "-o", str(native)], check=True)
    said = subprocess.run([str(native)], capture_output=True, check=False)
    assert said.returncode == 7
    layer = oci.layer(
        oci.file("reads", program.read_bytes(), mode=0o755),
        oci.file("big", big.read_bytes()),
        oci.directory("etc"),
        oci.file("etc/motd", b"hello\n"),
    )
    archive = folder / "reads.oci.tar"
    oci.write_tar(archive, oci.simple_layout([layer], run={"Entrypoint": ["/reads"]}))
    out = folder / "a,b.u2k"
    done = u2k("convert", archive, "-o", out, "--root", "disk", "--files", "all", "--json")
    assert done.returncode == 0, done.stderr.decode()
    manifest = json.loads(done.stdout)["manifest"]
    assert manifest["root_on"] == "disk" and "virtio_blk" in manifest["parts"]
    return out, said.stdout


@pytest.mark.parametrize("machine", ["microvm,acpi=off", "microvm", "pc", "q35"])
def test_a_root_larger_than_memory(u2k: Command, built: tuple[Path, bytes], machine: str) -> None:
    unikernel, said = built
    done = u2k("run", "--on", "qemu", "--machine", machine, "-m", MEMORY, unikernel)
    assert (done.returncode, done.stderr) == (7, b"")
    assert done.stdout == said


def test_a_process_maps_the_same_file(u2k: Command, built: tuple[Path, bytes]) -> None:
    unikernel, said = built
    done = u2k("run", "--on", "process", unikernel)
    assert (done.returncode, done.stderr, done.stdout) == (7, b"", said)


def test_by_hand_over_legacy_mmio_and_named(built: tuple[Path, bytes]) -> None:
    unikernel, said = built
    file = str(unikernel).replace(",", ",,")
    extra = (
        "-drive",
        f"if=none,id=a,format=raw,readonly=on,file={file}",
        "-device",
        "virtio-blk-device,drive=a",
    )
    done = run(unikernel, "root=/dev/vda", cpu="max", memory=MEMORY, extra=extra, timeout=120)
    assert (done.status, done.out, done.log) == (7, said, b"")


@pytest.mark.parametrize(("other", "why"), [(False, b"there is none"), (True, b"no root image on it")])
def test_a_machine_without_its_disk_says_so(built: tuple[Path, bytes], other: bool, why: bytes) -> None:
    disk = (
        "-drive",
        "if=none,id=a,format=raw,readonly=on,file=/bin/true",
        "-device",
        "virtio-blk-device,drive=a",
    )
    done = run(built[0], cpu="max", memory=MEMORY, extra=disk if other else ())
    assert done.status == 125 and why in done.log
