"""RPM package headers as the database stores them (RPM file format, "Header structure"; rpmtag.h for
numbers).

Two big-endian counts (index entries, bytes of data), the entries of 16 bytes (tag, type, offset, count), then
the data. In the database the eight bytes of magic of a package file are not there.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass

from converter.analyze.packages.reading import DatabaseError, text

_COUNTS = struct.Struct(">II")
_ENTRY = struct.Struct(">IIII")
_INT32, _STRING, _STRING_ARRAY, _I18N = 4, 6, 8, 9
_ENTRIES_MAX = 0xFFFF
_DATA_MAX = 256 << 20

TAGS = {  # rpmtag.h
    1000: "name",
    1001: "version",
    1002: "release",
    1003: "epoch",
    1014: "licence",
    1022: "architecture",
    1044: "source",
    1047: "provides",
    1049: "requires",
    1116: "folder indexes",
    1117: "base names",
    1118: "folders",
    5046: "recommends",
}
_Value = tuple[bytes, ...] | tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Header:
    """The wanted tags of one package, by the names of TAGS."""

    values: Mapping[str, _Value]

    def string(self, name: str) -> str:
        """The first string of a tag, "" when it has none."""
        return next(iter(self.strings(name)), "")

    def strings(self, name: str) -> tuple[str, ...]:
        return tuple(text(value) for value in self.values.get(name, ()) if isinstance(value, bytes))

    def number(self, name: str) -> int | None:
        return next((value for value in self.values.get(name, ()) if isinstance(value, int)), None)

    def files(self) -> list[bytes]:
        """Its paths: base names, each with the folder that its index names."""
        folders = [value for value in self.values.get("folders", ()) if isinstance(value, bytes)]
        names = [value for value in self.values.get("base names", ()) if isinstance(value, bytes)]
        indexes = [value for value in self.values.get("folder indexes", ()) if isinstance(value, int)]
        return [
            folders[index] + name for name, index in zip(names, indexes, strict=False) if index < len(folders)
        ]


def parse_header(blob: bytes) -> Header:
    """Raises DatabaseError when counts or offsets lead outside of it."""
    if len(blob) < _COUNTS.size:
        raise DatabaseError("a package header is cut off")
    entries, size = _COUNTS.unpack_from(blob)
    start = _COUNTS.size + entries * _ENTRY.size
    if entries > _ENTRIES_MAX or size > _DATA_MAX or start + size > len(blob):
        raise DatabaseError(f"a package header of {entries} entries and {size} bytes does not fit")
    data = blob[start : start + size]
    values: dict[str, _Value] = {}
    for number in range(entries):
        tag, kind, offset, count = _ENTRY.unpack_from(blob, _COUNTS.size + number * _ENTRY.size)
        if tag in TAGS and TAGS[tag] not in values:
            values[TAGS[tag]] = _value(data, kind, offset, count)
    return Header(values)


def _value(data: bytes, kind: int, offset: int, count: int) -> _Value:
    if kind in (_STRING, _STRING_ARRAY, _I18N):
        if count > len(data) - offset or offset > len(data):  # each string has a NUL at least
            raise DatabaseError("a string of a package header does not fit")
        strings = []
        for _ in range(count):
            end = data.find(b"\0", offset)
            if end < 0:
                raise DatabaseError("a string of a package header has no end")
            strings.append(data[offset:end])
            offset = end + 1
        return tuple(strings)
    if kind == _INT32:
        if offset + 4 * count > len(data):
            raise DatabaseError("a number of a package header does not fit")
        return struct.unpack_from(f">{count}I", data, offset)
    return ()
