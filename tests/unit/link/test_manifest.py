"""The manifest: what is written is read back, and whatever else a file may be is a clear UsageError."""

from __future__ import annotations

import contextlib
import json
import struct
from dataclasses import asdict
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from converter.errors import UsageError
from converter.link.image_header import EHDR, PHDR, PT_LOAD, PT_NOTE
from converter.link.manifest import Manifest, parse_manifest, read_manifest

PHNUM, PHOFF = 56, 32  # offsets in an ELF64 header


def manifest(**more: object) -> Manifest:
    fields: dict[str, object] = {
        "schema": 1, "tool_version": "1.2", "source_digest": "sha256:00", "target": "vm", "os": "linux",
        "architecture": "amd64", "path": "/bin/é\udcff", "argv": ("a", "", "b c"), "entrypoint_args": 1,
        "env": ("A=1",), "cwd": "/", "user": (0, 70000), "stop_signal": "15", "ports": ("80/tcp",),
        "volumes": ("/data",), "syscalls": ("read", "write"), "parts": ("tmpfs",), "kernel_bytes": 1000,
        "root_bytes": 4096, "options": {"x": "y"},
    }  # fmt: skip
    return Manifest(**(fields | more))  # type: ignore[arg-type]


def elf(*segments: tuple[int, bytes], phnum: int | None = None, phoff: int = EHDR.size) -> bytes:
    """An ELF64 file with these segments (type, contents)."""
    count = len(segments)
    at = EHDR.size + count * PHDR.size
    table, contents = b"", b""
    for kind, data in segments:
        table += PHDR.pack(kind, 4, at + len(contents), 0, 0, len(data), len(data), 4)
        contents += data
    head = EHDR.pack(
        b"\x7fELF\x02\x01\x01".ljust(16, b"\0"),
        *(2, 62, 1, 0, phoff, 0, 0, EHDR.size, PHDR.size, count if phnum is None else phnum, 64, 0, 0),
    )
    return head + table + contents


def note(owner: bytes, kind: int, description: bytes) -> bytes:
    padded = owner.ljust(-(-len(owner) // 4) * 4, b"\0")
    head = struct.pack("<III", len(owner), len(description), kind)
    return head + padded + description + bytes(-len(description) % 4)


def written(folder: Path, data: bytes) -> Path:
    path = folder / "file"
    path.write_bytes(data)
    return path


def test_it_is_read_back_whole(tmp_path: Path) -> None:
    told = manifest()
    assert read_manifest(written(tmp_path, elf((PT_LOAD, b"code"), (PT_NOTE, told.note())))) == told


def test_other_notes_stand_before_it(tmp_path: Path) -> None:
    told = manifest()
    notes = note(b"Xen\0", 18, b"\1\2\3\4") + note(b"u2k\0", 2, b"another type") + told.note()
    assert read_manifest(written(tmp_path, elf((PT_NOTE, notes)))) == told


def test_the_note_is_padded_ascii_json() -> None:
    data = manifest().note()
    name, size, kind = struct.unpack_from("<III", data)
    assert (name, kind, data[12:16]) == (4, 1, b"u2k\0")
    assert len(data) == 16 + -(-size // 4) * 4
    fields = json.loads(data[16 : 16 + size].decode("ascii"))
    assert list(fields) == sorted(fields)


HOSTILE = {
    "empty": b"",
    "text": b"#!/bin/sh\n",
    "only the magic": b"\x7fELF",
    "32-bit": b"\x7fELF\x01\x01\x01".ljust(200, b"\0"),
    "no headers": elf(),
    "no note": elf((PT_LOAD, b"code")),
    "note of another": elf((PT_NOTE, note(b"GNU\0", 1, b"{}"))),
    "headers outside": elf((PT_NOTE, manifest().note()), phoff=1 << 40),
    "headers before 2^63": elf((PT_NOTE, manifest().note()), phoff=(1 << 63) - 1),
    "headers behind 2^63": elf((PT_NOTE, manifest().note()), phoff=(1 << 64) - 1),
    "too many headers": elf(phnum=65535),
    "sizes beyond the note": elf((PT_NOTE, struct.pack("<III", 4, 2**32 - 1, 1) + b"u2k\0{}")),
    "name beyond the note": elf((PT_NOTE, struct.pack("<III", 2**32 - 1, 8, 1) + b"u2k\0{}")),
    "cut": elf((PT_NOTE, manifest().note()))[:-300],
    "empty description": elf((PT_NOTE, note(b"u2k\0", 1, b""))),
}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE)
def test_what_is_no_unikernel_is_refused(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(UsageError) as told:
        read_manifest(written(tmp_path, data))
    assert str(tmp_path) in str(told.value)


def test_a_segment_far_away_is_refused(tmp_path: Path) -> None:
    data = bytearray(elf((PT_NOTE, manifest().note())))
    struct.pack_into("<Q", data, EHDR.size + 8, (1 << 64) - 4096)  # p_offset
    with pytest.raises(UsageError):
        read_manifest(written(tmp_path, bytes(data)))


@pytest.mark.parametrize(
    "change",
    [
        {"schema": 2}, {"schema": None}, {"argv": 7}, {"user": None}, {"surprise": 1},
    ],
    ids=str,
)  # fmt: skip
def test_fields_that_do_not_fit_are_refused(change: dict[str, object]) -> None:
    fields = asdict(manifest()) | change
    with pytest.raises(UsageError):
        parse_manifest(json.dumps(fields).encode(), "file")


@pytest.mark.parametrize(
    "text", [b"", b"[]", b"null", b"7", b'"schema"', b"{", b"\xff\xfe", b'{"schema": 1}']
)
def test_what_is_no_manifest_is_refused(text: bytes) -> None:
    with pytest.raises(UsageError):
        parse_manifest(text, "file")


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 500), st.binary(min_size=1, max_size=8))
def test_damage_anywhere_is_a_usage_error_at_the_worst(tmp_path: Path, at: int, junk: bytes) -> None:
    data = bytearray(elf((PT_LOAD, b"code"), (PT_NOTE, manifest().note())))
    data[at : at + len(junk)] = junk
    with contextlib.suppress(UsageError):
        read_manifest(written(tmp_path, bytes(data)))
