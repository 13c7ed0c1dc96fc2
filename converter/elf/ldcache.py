"""/etc/ld.so.cache in its new format ("glibc-ld.so.cache1.1"), written by glibc 2.2 to 2.41 (dl-cache.h).

Until glibc 2.31 the new table could follow one in the old format; from 2.32 on it stands alone.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping

CACHE_MAX = 16 << 20  # bytes; real ones have some 100 KiB
_OLD_MAGIC = b"ld.so-1.7.0"
_NEW_MAGIC = b"glibc-ld.so.cache1.1"
_OLD_HEADER = struct.Struct("<12xI")
_OLD_ENTRY_SIZE = 12
_NEW_HEADER = struct.Struct("<20sIIB3xI12x")
_NEW_ENTRY = struct.Struct("<iIIIQ")
_LITTLE_ENDIAN = (0, 2)  # flags byte: not said (before glibc 2.33), little
_ABI_FLAGS = {"amd64": 0x0303, "arm64": 0x0A03}  # FLAG_ELF_LIBC6 and the architecture


def parse_ld_cache(data: bytes, machine: str) -> Mapping[bytes, bytes] | None:
    """Library names to absolute paths for `machine` (amd64, arm64), baseline variants only.

    None if the cache is not one that glibc would read; entries that point nowhere are left out.
    """
    start = 0
    if data.startswith(_OLD_MAGIC) and len(data) >= _OLD_HEADER.size:
        (old_count,) = _OLD_HEADER.unpack_from(data)
        start = _OLD_HEADER.size + old_count * _OLD_ENTRY_SIZE
        start += -start % 8
    if start + _NEW_HEADER.size > len(data):
        return None
    magic, count, _, flags, _ = _NEW_HEADER.unpack_from(data, start)
    table = start + _NEW_HEADER.size
    if magic != _NEW_MAGIC or flags & 3 not in _LITTLE_ENDIAN or table + count * _NEW_ENTRY.size > len(data):
        return None
    wanted = _ABI_FLAGS.get(machine)
    found: dict[bytes, bytes] = {}
    for abi, key, value, _, hwcap in _NEW_ENTRY.iter_unpack(data[table : table + count * _NEW_ENTRY.size]):
        if abi == wanted and hwcap == 0:
            name, path = _string(data, start + key), _string(data, start + value)
            if name and path and path.startswith(b"/"):
                found.setdefault(name, path)
    return found


def _string(data: bytes, offset: int) -> bytes | None:
    end = data.find(b"\0", offset, offset + 4096)
    return None if end < 0 else data[offset:end]
