"""/etc/ld.so.cache in both of its formats (glibc's dl-cache.h), as the dynamic loader reads it.

"glibc-ld.so.cache1.1" is written since glibc 2.2. Until 2.31 it could follow a table in the old format
("ld.so-1.7.0"); from 2.32 on it stands alone. A loader that finds only the old table uses that.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from typing import NamedTuple

CACHE_MAX = 16 << 20  # bytes; real ones have some 100 KiB
_OLD_MAGIC = b"ld.so-1.7.0"
_NEW_MAGIC = b"glibc-ld.so.cache1.1"
_OLD_HEADER = struct.Struct("<12xI")
_OLD_ENTRY = struct.Struct("<iII")
_NEW_HEADER = struct.Struct("<20sIIB3xI12x")
_NEW_ENTRY = struct.Struct("<iIIIQ")
_LITTLE_ENDIAN = (0, 2)  # flags byte: not said (before glibc 2.33), little
_ABI_FLAGS = {"amd64": 0x0303, "arm64": 0x0A03}  # FLAG_ELF_LIBC6 and the architecture


class Cached(NamedTuple):
    """One path of a library. `variant`: only processors with certain features take it (glibc-hwcaps)."""

    path: bytes
    variant: bool


def parse_ld_cache(data: bytes, machine: str) -> Mapping[bytes, tuple[Cached, ...]] | None:
    """Library names to absolute paths for `machine` (amd64, arm64), variants first.

    None if the cache is not one that glibc would read; entries that point nowhere are left out. Of several
    baseline paths the loader takes the first, as this does.
    """
    rows = _rows(data)
    if rows is None:
        return None
    wanted = _ABI_FLAGS.get(machine)
    baseline: dict[bytes, bytes] = {}
    variants: dict[bytes, dict[bytes, None]] = {}
    for abi, name_at, path_at, hwcap in rows:
        if abi != wanted:
            continue
        name, path = _string(data, name_at), _string(data, path_at)
        if not name or not path or not path.startswith(b"/"):
            continue
        if hwcap:
            variants.setdefault(name, {})[path] = None
        else:
            baseline.setdefault(name, path)
    return {
        name: tuple(Cached(path, True) for path in variants.get(name, ()))
        + ((Cached(baseline[name], False),) if name in baseline else ())
        for name in baseline | variants
    }


def _rows(data: bytes) -> Iterator[tuple[int, int, int, int]] | None:
    """(flags, offset of the name, offset of the path, hwcap) of each entry; offsets count from the start."""
    start, old = 0, None
    if data.startswith(_OLD_MAGIC) and len(data) >= _OLD_HEADER.size:
        (count,) = _OLD_HEADER.unpack_from(data)
        start = _OLD_HEADER.size + count * _OLD_ENTRY.size
        if start <= len(data):
            old = data[_OLD_HEADER.size : start]
    strings = start
    start += -start % 8
    if start + _NEW_HEADER.size <= len(data):
        magic, count, _, flags, _ = _NEW_HEADER.unpack_from(data, start)
        table = start + _NEW_HEADER.size
        end = table + count * _NEW_ENTRY.size
        if magic == _NEW_MAGIC:
            if flags & 3 not in _LITTLE_ENDIAN or end > len(data):
                return None
            entries = _NEW_ENTRY.iter_unpack(data[table:end])
            return ((abi, start + key, start + value, hwcap) for abi, key, value, _, hwcap in entries)
    if old is None:
        return None
    return ((abi, strings + key, strings + value, 0) for abi, key, value in _OLD_ENTRY.iter_unpack(old))


def _string(data: bytes, offset: int) -> bytes | None:
    end = data.find(b"\0", offset, offset + 4096)
    return None if end < 0 else data[offset:end]
