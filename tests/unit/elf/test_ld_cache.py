"""ld.so.cache: both formats, variants for processors, and damage."""

from __future__ import annotations

import struct

from hypothesis import given
from hypothesis import strategies as st

from converter.elf.ldcache import Cached, parse_ld_cache
from tests.builders.elves import ld_cache

_ENTRIES = [
    (0x303, b"liba.so", b"/usr/lib/glibc-hwcaps/x86-64-v3/liba.so", 1 << 62),
    (0x003, b"liba.so", b"/lib32/liba.so", 0),
    (0x303, b"liba.so", b"/usr/lib/liba.so", 0),
    (0x303, b"liba.so", b"/later/liba.so", 0),
    (0xA03, b"libarm.so", b"/usr/lib/libarm.so", 0),
]


def test_variants_come_before_the_first_baseline() -> None:
    for old in (0, 1, 2):
        cache = ld_cache(_ENTRIES, old=old)
        assert parse_ld_cache(cache, "amd64") == {
            b"liba.so": (
                Cached(b"/usr/lib/glibc-hwcaps/x86-64-v3/liba.so", True),
                Cached(b"/usr/lib/liba.so", False),
            )
        }
        assert parse_ld_cache(cache, "arm64") == {b"libarm.so": (Cached(b"/usr/lib/libarm.so", False),)}


def test_the_old_format_alone() -> None:
    strings = b"liba.so\0/old/liba.so\0"
    cache = struct.pack("<12sI", b"ld.so-1.7.0", 1) + struct.pack("<iII", 0x303, 0, 8) + strings
    assert parse_ld_cache(cache, "amd64") == {b"liba.so": (Cached(b"/old/liba.so", False),)}


def test_what_the_loader_would_not_read() -> None:
    assert parse_ld_cache(b"ld.so-1.7.0", "amd64") is None
    assert parse_ld_cache(ld_cache(_ENTRIES)[:100], "amd64") is None
    big_endian = bytearray(ld_cache(_ENTRIES))
    big_endian[28] = 3
    assert parse_ld_cache(bytes(big_endian), "amd64") is None


@given(st.binary(max_size=300), st.integers(0, 200), st.integers(0, 255))
def test_hostile_cache(noise: bytes, at: int, value: int) -> None:
    cache = bytearray(ld_cache([(0x303, b"liba.so", b"/usr/lib/liba.so", 0)] * 4, old=at % 3))
    cache[at % len(cache)] = value
    for data in (bytes(cache), bytes(cache[:at]), noise, b"glibc-ld.so.cache1.1" + noise):
        found = parse_ld_cache(data, "amd64") or {}
        assert all(cached.path.startswith(b"/") for each in found.values() for cached in each)
