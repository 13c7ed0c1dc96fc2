"""Disk images: partitions and file system as other tools see them, and what the loaders are told."""

from __future__ import annotations

import shutil
import struct
import subprocess
from pathlib import Path

import pytest

from converter.errors import ToolchainError, UsageError
from converter.formats.disk import fat, gpt, loaders, plan
from converter.formats.disk.image import write_disk
from converter.formats.export import export
from converter.libos import libos_root
from converter.link.image_header import EHDR, PHDR


@pytest.fixture(scope="module")
def disk(in_memory: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return export(in_memory, "raw", tmp_path_factory.mktemp("disk") / "hello.raw")


def partitions(disk: Path) -> dict[bytes, tuple[int, int]]:
    """Type -> bytes from and to, read independently of what wrote them."""
    data = disk.read_bytes()
    found = {}
    for at in range(1024, 1024 + 128 * 128, 128):
        first, last = struct.unpack_from("<QQ", data, at + 32)
        if any(data[at : at + 16]):
            found[data[at : at + 16]] = (first * 512, (last + 1) * 512)
    return found


def test_the_partition_table_is_right_for_sgdisk(disk: Path) -> None:
    if (sgdisk := shutil.which("sgdisk")) is None:
        pytest.skip("no sgdisk (Debian: gdisk)")
    done = subprocess.run([sgdisk, "--verify", str(disk)], capture_output=True, text=True, check=True)
    assert "No problems found" in done.stdout
    listed = subprocess.run([sgdisk, "--print", str(disk)], capture_output=True, text=True, check=True).stdout
    assert "EF02" in listed and "EF00" in listed


def test_the_system_partition_is_right_for_fsck_and_has_the_loader(disk: Path, tmp_path: Path) -> None:
    if (fsck := shutil.which("fsck.fat")) is None or (mtype := shutil.which("mtype")) is None:
        pytest.skip("no fsck.fat, mtype (Debian: dosfstools, mtools)")
    start, end = partitions(disk)[gpt.EFI_SYSTEM.bytes_le]
    esp = tmp_path / "esp"
    esp.write_bytes(disk.read_bytes()[start:end])
    done = subprocess.run([fsck, "-n", "-v", str(esp)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert "16 bit entries" in done.stdout
    loader = subprocess.run(
        [mtype, "-i", str(esp), "::EFI/BOOT/BOOTX64.EFI"], capture_output=True, check=True
    )
    assert loader.stdout[:2] == b"MZ" and len(loader.stdout) == len(loaders.uefi_loader())


def test_the_unikernel_is_there_byte_for_byte(disk: Path, in_memory: Path) -> None:
    start, end = partitions(disk)[gpt.UNIKERNEL.bytes_le]
    whole = in_memory.read_bytes()
    assert disk.read_bytes()[start:end] == whole.ljust(end - start, b"\0")


def test_the_kernel_looks_for_the_type_that_is_written() -> None:
    source = (libos_root() / "platform/vm/disk_root/gpt.c").read_text()
    written = ", ".join(f"0x{byte:02x}" for byte in gpt.UNIKERNEL.bytes_le)
    assert written in " ".join(source.split())


def test_both_loaders_are_told_the_same_and_the_truth(disk: Path, in_memory: Path) -> None:
    data = disk.read_bytes()
    places = [at for at in range(0, len(data) - 8, 4) if data[at : at + 8] == b"bootplan"]
    assert len(places) == 2
    size = 48 + 9 * 32 + 2048
    first, second = (data[at : at + size] for at in places)
    assert first == second
    _, _, count, _, _, guid = struct.unpack_from("<QIIQQ16s", first)
    assert guid == data[512 + 56 : 512 + 72]
    segments = program_headers(in_memory)
    for number in range(count):
        sector, stored, to, memory = struct.unpack_from("<QQQQ", first, 48 + 32 * number)
        offset, length = segments[to]
        assert (stored, memory % 4096) == (length, 0)
        assert data[sector * 512 : sector * 512 + stored] == in_memory.read_bytes()[offset : offset + length]
    assert first[48 + 9 * 32 :].rstrip(b"\0") == b"u2k.memory=used"


def program_headers(path: Path) -> dict[int, tuple[int, int]]:
    """Physical address -> offset and size in the file."""
    data = path.read_bytes()
    fields = EHDR.unpack_from(data)
    headers = [PHDR.unpack_from(data, fields[5] + number * PHDR.size) for number in range(fields[10])]
    return {paddr: (offset, size) for kind, _, offset, _, paddr, size, _, _ in headers if kind == 1}


def test_a_root_on_a_disk_is_not_loaded(on_disk: Path, in_memory: Path) -> None:
    assert plan.bootable(on_disk).bundle.filesz < plan.bootable(in_memory).bundle.filesz


def test_holes_stay_holes(disk: Path) -> None:
    assert disk.stat().st_blocks * 512 < disk.stat().st_size - (2 << 20)


def test_the_command_line_decides_the_disks_identity(in_memory: Path, tmp_path: Path) -> None:
    """Two disks of one unikernel in one machine: each loader has to find its own."""
    identities = set()
    for number, line in enumerate(("", "A=1", "A=2")):
        path = tmp_path / str(number)
        with path.open("w+b", buffering=0) as out:
            write_disk(in_memory, out, line)
        identities.add(path.read_bytes()[512 + 56 : 512 + 72])
    assert len(identities) == 3


def test_a_command_line_that_does_not_fit(in_memory: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="longer than 2047 bytes"):
        export(in_memory, "raw", tmp_path / "x.raw", cmdline="A=" + "x" * 2046)
    assert list(tmp_path.iterdir()) == []


def test_a_command_line_has_no_letters_that_a_kernel_could_not_read(in_memory: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="printable"):
        export(in_memory, "raw", tmp_path / "x.raw", cmdline="A=\u00e4")
    with pytest.raises(UsageError, match="printable"):
        export(in_memory, "raw", tmp_path / "x.raw", cmdline="A=1\nB=2")


def test_a_loader_without_a_place_for_its_plan() -> None:
    for wrong in (b"", plan.MAGIC.to_bytes(8, "little") * 2 + bytes(100), plan.MAGIC.to_bytes(8, "little")):
        with pytest.raises(ToolchainError, match="no place"):
            plan.with_plan(wrong, plan.MAGIC.to_bytes(8, "little") + bytes(16))


@pytest.mark.parametrize("size", [0, 1, 511, 512, 513, 100_000])
def test_files_of_any_size_in_the_file_system(size: int, tmp_path: Path) -> None:
    if (mtype := shutil.which("mtype")) is None:
        pytest.skip("no mtype (Debian: mtools)")
    contents = bytes(range(256)) * 400
    image = tmp_path / "fat"
    image.write_bytes(
        fat.file_system(("A", "BC", "FILE.TXT"), contents[:size], 7).ljust(fat.SECTORS * 512, b"\0")
    )
    done = subprocess.run([mtype, "-i", str(image), "::A/BC/FILE.TXT"], capture_output=True, check=True)
    assert done.stdout == contents[:size]
