"""Damaged ELF files go through all that reads them: library closure, analysis of calls, and the bill of
materials. What comes out is a result, or an error that says what is wrong; soon, and within bounds of memory.
"""

from __future__ import annotations

import io
import os
import resource
import struct
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from converter.analyze.calls.analysis import CallAnalysis
from converter.analyze.libraries.fixpoint import close_libraries
from converter.analyze.packages.database import read_packages
from converter.analyze.program import find_program
from converter.elf.header import read_elf
from converter.elf.memory import ElfMemory
from converter.errors import U2kError
from converter.image.model import ImageConfig
from converter.report.sbom import bill_of
from tests.builders.specimens import specimens
from tests.builders.trees import program, tree_of

_SECONDS = 5.0  # of CPU for one file of some 15 KB: a hundred times what it takes
_MEBIBYTES = 768
_RATE = 40  # files a second
_EXAMPLES = _RATE * int(os.environ.get("U2K_FUZZ_SECONDS", "8"))
_VALUES = [0, 1, 2, 7, 8, 0x7F, 0x80, 0xFF, 0xFFFF, 1 << 20, (1 << 31) - 1, 1 << 31, 1 << 32, 1 << 47]
_VALUES += [(1 << 63) - 1, 1 << 63, (1 << 64) - 8, (1 << 64) - 1]
_STEPS = [-4096, -8, -1, 1, 8, 24, 4096, 1 << 16, 1 << 24]
_UNREAD = (b".comment", b".shstrtab")
_EMPTY, _PROGBITS = (0, 8), 1  # SHT_NULL, SHT_NOBITS

Root = dict[str, bytes]


@cache
def roots() -> dict[str, Root]:
    with tempfile.TemporaryDirectory() as folder:
        return specimens(Path(folder))


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("U2K_CACHE_DIR", str(tmp_path / "cache"))


@contextmanager
def limits() -> Iterator[None]:
    """MemoryError and AssertionError beyond them."""
    size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (size + (_MEBIBYTES << 20), hard))
    begun = time.process_time()
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
    assert time.process_time() - begun < _SECONDS


def read_all(root: Root) -> frozenset[str]:
    """Everything that conversion does with the ELF files of a root; the system calls that are found."""
    tree = tree_of({path: program(data) for path, data in root.items()})
    config = ImageConfig("amd64", "linux", entrypoint=("/bin/program",))
    with limits():
        bill_of("image", "sha256:0", tree, read_packages(tree), tree, tool_version="0")
        try:
            found = find_program(config, tree)
            runtime = close_libraries(tree, found, found.libraries(tree), CallAnalysis(tree).run)
        except U2kError as error:
            assert error.where or error.hint
            return frozenset()
    return frozenset(runtime.calls.syscalls)


def parts_of(data: bytes) -> list[tuple[int, int]]:
    """(offset, size): the headers and each section, so that small tables are hit as often as large ones."""
    elf = read_elf(io.BytesIO(data), len(data), "specimen")
    table, count = struct.unpack_from("<Q", data, 40)[0], struct.unpack_from("<H", data, 60)[0]
    parts = [(0, 64), (64, 56 * len(elf.segments)), (table, 64 * count)]
    for each in ElfMemory(data, elf).sections:
        weight = 0 if each.name in _UNREAD or each.type in _EMPTY else 1 if each.type == _PROGBITS else 2
        parts += [(each.offset, each.size)] * weight
    return [(offset, size) for offset, size in parts if size]


def damage(data: st.DataObject, file: bytes) -> bytes:
    """The file with some words of its structures changed, or its end gone."""
    found = bytearray(file)
    parts = parts_of(file)
    for _ in range(data.draw(st.integers(1, 6))):
        offset, size = data.draw(st.sampled_from(parts))
        width = data.draw(st.sampled_from([1, 2, 4, 8]))
        at = offset + data.draw(st.integers(0, max(size - width, 0)))
        at -= data.draw(st.sampled_from([0, at % width]))
        old = int.from_bytes(found[at : at + width], "little")
        how = data.draw(st.sampled_from(["set", "add", "copy", "flip"]))
        if how == "set":
            value = data.draw(st.sampled_from(_VALUES) | st.integers(0, len(file)))
        elif how == "add":
            value = old + data.draw(st.sampled_from(_STEPS))
        elif how == "flip":
            value = old ^ (1 << data.draw(st.integers(0, 8 * width - 1)))
        else:
            source = data.draw(st.integers(0, len(file) - width))
            value = int.from_bytes(found[source : source + width], "little")
        found[at : at + width] = (value & ((1 << 8 * width) - 1)).to_bytes(width, "little")
    whole = data.draw(st.integers(0, 9))
    return bytes(found if whole else found[: data.draw(st.integers(0, len(file)))])


CALLS = {"brk", "close", "dup", "dup2", "exit", "getgid", "getpid", "getuid", "mprotect", "munmap", "openat"}
CALLS |= {"rt_sigaction", "rt_sigprocmask", "socket"}


@pytest.mark.parametrize(("name", "expected"), [("pie", CALLS), ("fixed", CALLS), ("go", {"getpid"})])
def test_whole_files_are_understood(name: str, expected: set[str]) -> None:
    assert expected <= read_all(roots()[name])


@settings(max_examples=_EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_hostile_files_give_a_result_or_an_error(data: st.DataObject) -> None:
    root = dict(roots()[data.draw(st.sampled_from(sorted(roots())))])
    path = data.draw(st.sampled_from(sorted(root)))
    root[path] = damage(data, root[path])
    read_all(root)
