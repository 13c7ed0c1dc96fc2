"""Members of a ZIP archive by name, out of a hostile one as well (PKWARE APPNOTE 4.3).

Not `zipfile`: that makes an object of every entry, of which a small archive can have millions.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

_END, _END_SIGN = struct.Struct("<4sHHHHIIH"), b"PK\5\6"
_ENTRY, _ENTRY_SIGN = struct.Struct("<4sHHHHHHIIIHHHHHII"), b"PK\1\2"
_LOCAL, _LOCAL_SIGN = struct.Struct("<4sHHHHHIIIHH"), b"PK\3\4"
_COMMENT_MAX = 0xFFFF
_DIRECTORY_MAX = 32 << 20  # bytes
_ENTRIES_MAX = 200_000
_STORED, _DEFLATED, _ENCRYPTED = 0, 8, 1


@dataclass(frozen=True, slots=True)
class Member:
    name: bytes
    method: int
    packed: int  # bytes
    size: int
    at: int  # of its local header


def members(stream: BinaryIO, size: int, wanted: Callable[[bytes], bool]) -> Iterator[Member]:
    """Those whose name is wanted. Nothing for what is no archive, or one of more than 4 GiB."""
    tail = min(size, _END.size + _COMMENT_MAX)
    stream.seek(size - tail)
    data = stream.read(tail)
    at = data.rfind(_END_SIGN)
    if at < 0 or at + _END.size > len(data):
        return
    _, _, _, _, _, length, offset, _ = _END.unpack_from(data, at)
    if length > _DIRECTORY_MAX or offset + length > size:
        return
    # A program may stand in front of it (an executable jar): what is stated is from the start of the archive.
    before = size - tail + at - length - offset
    if before < 0:
        return
    stream.seek(before + offset)
    directory = stream.read(length)
    at = 0
    for _ in range(_ENTRIES_MAX):
        if at + _ENTRY.size > len(directory):
            return
        fields = _ENTRY.unpack_from(directory, at)
        if fields[0] != _ENTRY_SIGN:
            return
        flags, method, packed, full, name_size = fields[3], fields[4], fields[8], fields[9], fields[10]
        name = directory[at + _ENTRY.size : at + _ENTRY.size + name_size]
        at += _ENTRY.size + name_size + fields[11] + fields[12]
        if method in (_STORED, _DEFLATED) and not flags & _ENCRYPTED and wanted(name):
            yield Member(name, method, packed, full, before + fields[16])


def contents(stream: BinaryIO, member: Member, limit: int) -> bytes | None:
    """What it holds; None for what is damaged, or more than `limit` bytes."""
    if member.packed > limit or member.size > limit:
        return None
    stream.seek(member.at)
    head = stream.read(_LOCAL.size)
    if len(head) < _LOCAL.size or not head.startswith(_LOCAL_SIGN):
        return None
    fields = _LOCAL.unpack(head)
    stream.seek(member.at + _LOCAL.size + fields[9] + fields[10])
    data = stream.read(member.packed)
    if member.method == _STORED:
        return data
    inflate = zlib.decompressobj(-15)
    try:
        out = inflate.decompress(data, limit)
    except zlib.error:
        return None
    return out if inflate.eof else None
