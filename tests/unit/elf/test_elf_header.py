"""Reading ELF files: equal to lief on real ones, an error and nothing worse on broken ones."""

from __future__ import annotations

import io
import struct
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from converter.elf.header import ElfFile, read_elf
from converter.elf.identity import ElfIdentity, read_identity
from converter.errors import IncompatibleImageError
from tests.builders.elves import ARM64, DYN, EXEC, REL, elf

_PIE = 0x08000000


def read(data: bytes) -> ElfFile:
    return read_elf(io.BytesIO(data), len(data), "/bin/x")


def host_files() -> list[Path]:
    places = [Path("/bin/ls"), Path("/sbin/ldconfig"), Path(sys.executable).resolve()]
    places += sorted(Path("/lib/x86_64-linux-gnu").glob("lib*.so.*"))[:40]
    return [path for path in places if path.is_file() and path.read_bytes()[:4] == b"\x7fELF"]


@pytest.mark.skipif(not host_files(), reason="this host has no ELF files")
def test_host_files_read_as_lief_reads_them() -> None:
    lief = pytest.importorskip("lief")
    for path in host_files():
        with path.open("rb") as stream:
            ours = read_elf(stream, path.stat().st_size, str(path))
        theirs = lief.ELF.parse(str(path))
        assert ours.entry == theirs.header.entrypoint, path
        assert [name.decode() for name in ours.needed] == theirs.libraries, path
        assert (ours.interpreter or b"").decode() == (theirs.interpreter if theirs.has_interpreter else ""), (
            path
        )
        sonames = [
            entry.name for entry in theirs.dynamic_entries if entry.tag == lief.ELF.DynamicEntry.TAG.SONAME
        ]
        assert ([ours.soname.decode()] if ours.soname else []) == sonames, path
        assert [(s.offset, s.vaddr, s.filesz, s.memsz) for s in ours.segments] == [
            (s.file_offset, s.virtual_address, s.physical_size, s.virtual_size) for s in theirs.segments
        ], path
        required = {
            (need.name, version.name)
            for need in theirs.symbols_version_requirement
            for version in need.get_auxiliary_symbols()
        }
        found = ours.dynamic.verneed if ours.dynamic else ()
        assert {(need.library.decode(), need.version.decode()) for need in found} == required, path
        defined = [d.auxiliary_symbols[0].name for d in theirs.symbols_version_definition if not d.flags & 1]
        assert [name.decode() for name in (ours.dynamic.verdef if ours.dynamic else ())] == defined, path


def test_a_dynamic_program() -> None:
    file = read(
        elf(interpreter=b"/lib/ld.so", needed=[b"liba.so", b"libb.so"], runpath=b"$ORIGIN/../lib", entry=64)
    )
    assert (file.machine, file.type, file.interpreter) == ("amd64", "DYN", b"/lib/ld.so")
    assert file.needed == (b"liba.so", b"libb.so")
    assert file.dynamic and file.dynamic.runpath == b"$ORIGIN/../lib" and file.dynamic.rpath is None
    assert not file.static_pie


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (elf(entry=64, flags_1=_PIE), True),
        (elf(entry=64), True),
        (elf(entry=64, soname=b"libx.so"), False),
        (elf(entry=64, interpreter=b"/lib/ld.so", flags_1=_PIE), False),
        (elf(entry=0x400040, kind=EXEC, dynamic=False), False),
    ],
)
def test_static_pie(data: bytes, expected: bool) -> None:
    assert read(data).static_pie is expected


def test_identity_of_other_machines() -> None:
    assert read_identity(elf(machine=ARM64)) == ElfIdentity(64, True, "arm64", "DYN")
    assert read_identity(b"\x7fELF\x01\x02\x01" + bytes(9) + b"\0\x02\0\x08") == ElfIdentity(
        32, False, "mips", "EXEC"
    )
    assert read_identity(b"\x7fELF") is None
    assert read_identity(b"#!/bin/sh\n" + bytes(20)) is None


def _patched(offset: int, layout: str, *values: int) -> bytes:
    data = bytearray(elf(kind=DYN, interpreter=b"/lib/ld.so", needed=[b"liba.so"]))
    struct.pack_into(layout, data, offset, *values)
    return bytes(data)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "beyond the end"),
        (b"\x7fELF", "beyond the end"),
        (b"MZ" + bytes(100), "first bytes"),
        (elf(kind=REL), "neither program nor shared library"),
        (elf()[:80], "program header table"),
        (elf()[:-1], "beyond the end"),
        (_patched(54, "<H", 55), "program headers"),
        (_patched(56, "<H", 0), "program headers"),
        (_patched(56, "<H", 0xFFFF), "program headers"),
        (_patched(64, "<I", 6), "no loadable segment"),
        (_patched(64 + 32, "<Q", 1 << 40), "impossible sizes"),
        (_patched(64 + 16, "<Q", (1 << 64) - 4096), "impossible sizes"),
        (_patched(64 + 16, "<Q", 1), "not aligned"),
        (_patched(64 + 48, "<Q", 3), "not aligned"),
        (_patched(64 + 56 + 32, "<Q", 1 << 20), "interpreter's name has"),
        (_patched(64 + 56 + 32, "<Q", 3), "has no end"),
        (_patched(64 + 112 + 32, "<Q", 1 << 30), "dynamic section is too long"),
        (elf(needed=[b"n" * 5000]), "has no end"),
    ],
)
def test_broken_files_are_named_and_explained(data: bytes, message: str) -> None:
    with pytest.raises(IncompatibleImageError, match=message) as caught:
        read(data)
    assert caught.value.where == "/bin/x" and caught.value.hint and caught.value.exit_code == 3


_SEEDS = [elf(interpreter=b"/lib/ld.so", needed=[b"liba.so"], soname=b"me", rpath=b"/r", entry=64)]
_SEEDS += [path.read_bytes() for path in host_files() if path.stat().st_size < 40_000][:3]


@settings(max_examples=400)
@given(st.data())
def test_fuzzed_files_never_crash_the_reader(data: st.DataObject) -> None:
    """A hand-made file and small real ones: their headers, dynamic sections and version tables."""
    file = bytearray(data.draw(st.sampled_from(_SEEDS)))
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, min(len(file), 4000) - 8))
        value = data.draw(
            st.sampled_from([0, 1, 0x7F, 0xFF, 1 << 31, 1 << 63, (1 << 64) - 1]) | st.integers(0, 1 << 64 - 1)
        )
        width = data.draw(st.sampled_from([1, 2, 4, 8]))
        file[at : at + width] = (value & (1 << 8 * width) - 1).to_bytes(width, "little")
    try:
        read(bytes(file[: data.draw(st.integers(0, len(file)))] if data.draw(st.booleans()) else file))
    except IncompatibleImageError as error:
        assert "corrupt ELF file" in str(error)


def test_endless_version_lists_end() -> None:
    """A verneed record that points at itself, with the largest counts that fit."""
    data = bytearray(elf(needed=[b"liba.so"], soname=b"x" * 64, rpath=b"r" * 100))
    strings = 64 + 56 * 2 + 1
    record = strings + 20
    struct.pack_into("<HHIII", data, record, 1, 0xFFFF, 1, 0, 0)  # its aux records are itself, without a next
    dynamic = data.index(struct.pack("<qQ", 15, data.find(b"r" * 100) - strings))
    struct.pack_into("<qQqQ", data, dynamic - 16, 0x6FFFFFFE, record, 0x6FFFFFFF, 0xFFFFFFFF)
    with pytest.raises(IncompatibleImageError, match="too many symbol versions"):
        read(bytes(data))
