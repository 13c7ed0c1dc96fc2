"""The unikernel file as loaders see it: DESIGN section 4, PVH boot protocol, System V gABI."""

from __future__ import annotations

import hashlib
import os
import struct
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from converter.link.architecture import X86_64
from converter.link.bundle import MAGIC, PAGE, BootRecord
from converter.link.image_header import EHDR, PHDR, PT_BUNDLE, PT_LOAD, PT_NOTE, SHDR, Segment, read_kernel
from converter.link.kernel import Kernel, link_kernel
from converter.link.manifest import Manifest, read_manifest
from converter.link.unikernel import kernel_bytes, write_unikernel
from converter.rootfs.layout import plan
from tests.builders.trees import program, regular, tree_of
from tests.unit.link.test_manifest import manifest

RECORD = BootRecord(path=b"/bin/program", argv=(b"program",))
LAYOUT = plan(tree_of({"/bin/program": program(b"\x7fELF" + bytes(9000)), "/etc/file": regular(b"x" * 5000)}))
PLATFORMS = ("vm", "process")


@pytest.fixture(scope="module", params=PLATFORMS)
def kernel(request: pytest.FixtureRequest) -> Kernel:
    return link_kernel(request.param, X86_64)


def write(kernel: Kernel, path: Path) -> Manifest:
    with path.open("w+b", buffering=0) as out:
        told = replace(manifest(), target=kernel.platform)
        return write_unikernel(kernel, RECORD, LAYOUT, told, out)


@pytest.fixture
def made(kernel: Kernel, tmp_path: Path) -> tuple[Kernel, Manifest, bytes]:
    path = tmp_path / "made.u2k"
    told = write(kernel, path)
    assert read_manifest(path) == told
    return kernel, told, path.read_bytes()


def segments(data: bytes) -> list[Segment]:
    return [segment for segment, _ in read_kernel(data).segments]


Made = tuple[Kernel, Manifest, bytes]


def test_elf_header(made: Made) -> None:
    kernel, _, data = made
    fields = EHDR.unpack_from(data)
    assert data[:7] == b"\x7fELF\x02\x01\x01"
    assert fields[1:4] == (2, 62, 1)  # ET_EXEC, EM_X86_64, EV_CURRENT
    assert fields[8] == EHDR.size and fields[9] == PHDR.size and fields[11] == SHDR.size
    assert fields[4] == read_kernel(kernel.path.read_bytes()).entry


def test_exactly_one_note_segment_with_alignment_4(made: Made) -> None:
    kernel, _, data = made
    notes = [segment for segment in segments(data) if segment.type == PT_NOTE]
    assert len(notes) == 1
    (note,) = notes
    assert note.align == 4 and note.offset % 4 == 0 and note.filesz % 4 == 0
    contents = data[note.offset : note.offset + note.filesz]
    found, at = [], 0
    while at < len(contents):
        name, size, kind = struct.unpack_from("<III", contents, at)
        owner = contents[at + 12 : at + 12 + name]
        start = at + 12 + -(-name // 4) * 4
        found.append((owner, kind, contents[start : start + size]))
        at = start + -(-size // 4) * 4
    owners = [(owner, kind) for owner, kind, _ in found]
    if kernel.platform == "process":
        assert owners == [(b"u2k\0", 1)]
        return
    assert owners == [(b"Xen\0", 18), (b"u2k\0", 1)]  # XEN_ELFNOTE_PHYS32_ENTRY first
    entry = int.from_bytes(found[0][2], "little")
    assert len(found[0][2]) in (4, 8)
    loads = [each for each in segments(data) if each.type == PT_LOAD and each.flags & 1]
    assert any(each.paddr <= entry < each.paddr + each.filesz for each in loads)


def test_kernel_segments_are_the_linker_s(made: Made) -> None:
    kernel, told, data = made
    linked = read_kernel(kernel.path.read_bytes())
    own = [(segment, contents) for segment, contents in linked.segments if segment.type == PT_LOAD]
    here = [segment for segment in segments(data) if segment.type == PT_LOAD]
    for (before, contents), after in zip(own, here, strict=False):
        assert replace(before, offset=0) == replace(after, offset=0)
        assert data[after.offset : after.offset + after.filesz] == contents
        assert (after.vaddr - after.offset) % max(after.align, 1) == 0
    assert told.kernel_bytes == sum(segment.filesz for segment, _ in own) == kernel_bytes(kernel)


def test_no_two_segments_share_memory_or_bytes(made: Made) -> None:
    _, _, data = made
    loads = [each for each in segments(data) if each.type in (PT_LOAD, PT_BUNDLE, PT_NOTE)]
    in_file = sorted((each.offset, each.filesz) for each in loads)
    for (offset, size), (following, _) in pairwise(in_file):
        assert offset + size <= following
    in_memory = sorted((each.paddr, each.memsz) for each in loads if each.type == PT_LOAD)
    for (address, size), (following, _) in pairwise(in_memory):
        assert address + size <= following
    assert all(offset + size <= len(data) for offset, size in in_file)


def test_bundle_is_where_the_kernel_looks_for_it(made: Made) -> None:
    kernel, told, data = made
    all_segments = segments(data)
    if kernel.platform == "process":
        (bundle,) = [each for each in all_segments if each.type == PT_BUNDLE]
    else:
        assert not [each for each in all_segments if each.type == PT_BUNDLE]
        bundle = [each for each in all_segments if each.type == PT_LOAD][-1]
        ends = [value for name, value, _, _ in read_kernel(data).symbols if name == "__kernel_end"]
        assert ends == [bundle.vaddr]
        first = next(each for each in all_segments if each.type == PT_LOAD)
        assert bundle.vaddr - bundle.paddr == first.vaddr - first.paddr
        assert first.paddr >= 1 << 20  # the Linux boot protocol's lowest place
        assert not bundle.flags & 3  # neither written nor run
    assert bundle.offset % PAGE == 0 and bundle.vaddr % PAGE == 0
    assert int.from_bytes(data[bundle.offset : bundle.offset + 8], "little") == MAGIC
    assert bundle.filesz == bundle.memsz and bundle.offset + bundle.filesz == len(data)
    assert told.root_bytes == LAYOUT.size
    root = data[len(data) - LAYOUT.size :]
    assert root[1024:1028] == b"\xe2\xe1\xf5\xe0"  # EROFS_SUPER_MAGIC_V1


def test_symbols_are_there_for_panics(made: Made) -> None:
    _, _, data = made
    names = {name for name, _, _, kind in read_kernel(data).symbols if kind == 2}
    assert {"core_main", "plat_panic", "sys_read"} <= names


def test_same_input_same_bytes(kernel: Kernel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(kernel, tmp_path / "one")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    mask = os.umask(0o077)
    try:
        write(kernel, tmp_path / "elsewhere/two")
    finally:
        os.umask(mask)
    one, two = (tmp_path / "one").read_bytes(), (tmp_path / "elsewhere/two").read_bytes()
    assert hashlib.sha256(one).digest() == hashlib.sha256(two).digest()


def test_an_interrupted_disk_takes_short_writes(
    kernel: Kernel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(kernel, tmp_path / "whole")
    real = os.pwrite
    monkeypatch.setattr(os, "pwrite", lambda fd, data, at: real(fd, bytes(data[:1000]), at))
    write(kernel, tmp_path / "pieces")
    assert (tmp_path / "whole").read_bytes() == (tmp_path / "pieces").read_bytes()


def test_all_the_library_os_is_linked_for_two_platforms_from_the_same_calls() -> None:
    chosen = [link_kernel(platform, X86_64).choice for platform in PLATFORMS]
    assert chosen[0].syscalls == chosen[1].syscalls and len(chosen[0].syscalls) > 200
