"""The bundle's writer is held to the header that the library OS reads it by, libos/include/u2k/boot.h."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from converter.link import bundle
from converter.link.architecture import ARCHITECTURES
from converter.link.build import include_folders
from converter.link.bundle import PAGE, BootRecord, Tag, bundle_head, path_hash
from converter.link.toolchain import compile_object

FIELDS = {
    "magic": "Q", "version": "I", "header_size": "I", "total_size": "Q", "record_offset": "Q",
    "record_size": "Q", "root_offset": "Q", "root_size": "Q",
    "loaded_size": "Q",
}  # fmt: skip
HEADER = struct.Struct("<" + "".join(FIELDS.values()))
text = st.binary(max_size=40).filter(lambda value: b"\0" not in value)
number = st.integers(0, 2**32 - 1)
records = st.builds(
    BootRecord,
    path=text.map(lambda value: b"/" + value),
    argv=st.lists(text, max_size=5),
    env=st.lists(text, max_size=5),
    cwd=text.map(lambda value: b"/" + value),
    uid=number,
    gid=number,
    groups=st.lists(number, max_size=5),
    hostname=text,
    entrypoint_args=number,
    left_out=st.lists(text.map(lambda value: b"/" + value), max_size=5),
    umask=st.integers(0, 0o777),
    sites=st.lists(number, max_size=5).map(sorted),
)


def header(head: bytes) -> dict[str, int]:
    return dict(zip(FIELDS, HEADER.unpack_from(head), strict=True))


def items(record: bytes) -> Iterator[tuple[int, bytes]]:
    """As boot.h says: uint16 tag, uint16 zero, uint32 length, bytes, zeros up to a multiple of 8."""
    at = 0
    while at < len(record):
        tag, zero, length = struct.unpack_from("<HHI", record, at)
        value, padding = record[at + 8 : at + 8 + length], -length % 8
        assert zero == 0 and len(value) == length
        assert record[at + 8 + length : at + 8 + length + padding] == bytes(padding)
        yield tag, value
        at += 8 + length + padding
    assert at == len(record)


def test_numbers_and_offsets_are_the_header_file_s(tmp_path: Path) -> None:
    claims = [f"BUNDLE_MAGIC == {bundle.MAGIC:#x}ull", f"BUNDLE_VERSION == {bundle.VERSION}"]
    claims += [f"BOOT_{tag.name} == {tag.value}" for tag in Tag]
    claims.append(f"sizeof(struct bundle_header) == {HEADER.size}")
    offset = 0
    for name, code in FIELDS.items():
        claims.append(f"__builtin_offsetof(struct bundle_header, {name}) == {offset}")
        claims.append(f"sizeof(((struct bundle_header *)0)->{name}) == {struct.calcsize(code)}")
        offset += struct.calcsize(code)
    source = tmp_path / "claims.c"
    lines = [f'_Static_assert({claim}, "{claim}");' for claim in claims]
    source.write_text("#include <u2k/boot.h>\n" + "\n".join(lines) + "\n")
    for machine in ARCHITECTURES:
        compile_object(source, tmp_path / f"{machine.name}.o", machine, include_folders(machine))


def test_every_tag_of_the_header_file_is_known() -> None:
    declared = (include_folders(ARCHITECTURES[0])[0] / "u2k/boot.h").read_text()
    body = declared.partition("enum boot_tag {")[2].partition("};")[0]
    names = [line.split()[0].removeprefix("BOOT_") for line in body.splitlines() if "BOOT_" in line]
    assert names == [tag.name for tag in Tag]


def test_paths_are_hashed_from_their_last_component_on() -> None:
    assert path_hash(b"/") == 0
    assert path_hash(b"/123456789") == 0xCBF43926  # CRC-32's check value (RFC 3720 has its cousin's)
    assert path_hash(b"/usr/bin/sh") == zlib.crc32(b"sh/bin/usr")


@settings(max_examples=200)
@given(record=records, root_pages=st.integers(0, 1 << 20))
def test_what_goes_in_comes_out(record: BootRecord, root_pages: int) -> None:
    head = bundle_head(record, root_pages * PAGE)
    fields = header(head)
    assert fields["magic"].to_bytes(8, "little") == b"2kABndl1"
    assert fields["header_size"] == HEADER.size
    assert fields["root_offset"] == len(head) and len(head) % PAGE == 0
    assert fields["total_size"] == len(head) + root_pages * PAGE
    assert fields["root_size"] == root_pages * PAGE
    end = fields["record_offset"] + fields["record_size"]
    assert HEADER.size <= fields["record_offset"] and end <= len(head)
    assert not any(head[end:])

    found: dict[int, list[bytes]] = {}
    for tag, value in items(head[fields["record_offset"] : end]):
        found.setdefault(tag, []).append(value)
    assert found.pop(Tag.PATH) == [record.path]
    assert found.pop(Tag.ARG, []) == list(record.argv)
    assert found.pop(Tag.ENV, []) == list(record.env)
    assert found.pop(Tag.CWD) == [record.cwd]
    assert found.pop(Tag.UID) == [struct.pack("<I", record.uid)]
    assert found.pop(Tag.GID) == [struct.pack("<I", record.gid)]
    assert found.pop(Tag.GROUP, []) == [struct.pack("<I", group) for group in record.groups]
    assert found.pop(Tag.ENTRYPOINT_ARGS) == [struct.pack("<I", record.entrypoint_args)]
    assert found.pop(Tag.HOSTNAME, [b""]) == [record.hostname]
    assert found.pop(Tag.UMASK, [struct.pack("<I", 0o022)]) == [struct.pack("<I", record.umask)]
    hashes = struct.iter_unpack("<I", b"".join(found.pop(Tag.LEFT_OUT, [])))
    assert [each for (each,) in hashes] == sorted({path_hash(path) for path in record.left_out})
    assert found.pop(Tag.SITES, [b""]) == [struct.pack(f"<{len(record.sites)}I", *record.sites)]
    assert found == {}
