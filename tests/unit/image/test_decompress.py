"""Compressions told by magic, members in a row, truncation, and bombs in bounded memory."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import random
import zlib
from collections.abc import Callable

import pytest
import zstandard

from converter.errors import SourceError
from converter.image.decompress import decompressed

DATA = random.Random(1).randbytes(300_000) + bytes(3_000_000) + b"end"
COMPRESS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "zstd": zstandard.ZstdCompressor(write_checksum=True).compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
}


def plain(data: bytes) -> bytes:
    return b"".join(decompressed(io.BytesIO(data), "here"))


@pytest.mark.parametrize("how", COMPRESS)
def test_round_trip(how: str) -> None:
    assert plain(COMPRESS[how](DATA)) == DATA
    assert plain(COMPRESS[how](b"")) == b""


@pytest.mark.parametrize("how", COMPRESS)
def test_several_members_are_one_stream(how: str) -> None:
    parts = [DATA[at : at + 200_000] for at in range(0, len(DATA), 200_000)]
    assert plain(b"".join(map(COMPRESS[how], parts))) == DATA


def test_plain_data_passes() -> None:
    assert plain(DATA) == DATA
    assert plain(b"") == b""
    assert plain(b"\x1f") == b"\x1f"


def test_zero_padding_after_gzip_is_fine() -> None:
    assert plain(gzip.compress(b"a") + bytes(100_000) + gzip.compress(b"b") + bytes(7)) == b"ab"


@pytest.mark.parametrize("how", ["gzip", "bzip2", "xz"])
def test_truncated(how: str) -> None:
    whole = COMPRESS[how](DATA)
    for length in (7, 20, len(whole) // 2, len(whole) - 1):
        with pytest.raises(SourceError, match=f"here: {how} data is truncated or corrupt") as caught:
            plain(whole[:length])
        assert caught.value.hint


@pytest.mark.parametrize("how", COMPRESS)
def test_corrupt(how: str) -> None:
    whole = bytearray(COMPRESS[how](DATA))
    whole[1000] ^= 0x10
    with pytest.raises(SourceError, match="truncated or corrupt"):
        plain(bytes(whole))


def test_garbage_after_gzip_is_corrupt() -> None:
    with pytest.raises(SourceError, match="truncated or corrupt"):
        plain(gzip.compress(b"a") + b"garbage")


def test_a_zstd_window_of_gigabytes_is_refused() -> None:
    # Frame header (RFC 8878 3.1.1.1): window descriptor 0xA8 asks for 2 GiB.
    with pytest.raises(SourceError, match="truncated or corrupt"):
        plain(b"\x28\xb5\x2f\xfd\x00\xa8" + b"\x01\x00\x00")


@pytest.mark.parametrize("how", COMPRESS)
def test_pieces_are_bounded(how: str) -> None:
    bomb = COMPRESS[how](bytes(64 << 20))
    assert len(bomb) < 100_000
    total = 0
    for piece in decompressed(io.BytesIO(bomb), "here"):
        assert len(piece) <= 1 << 20
        total += len(piece)
    assert total == 64 << 20


def test_a_checksum_that_is_wrong_is_found() -> None:
    whole = bytearray(gzip.compress(b"hello"))
    whole[-8:-4] = zlib.crc32(b"other").to_bytes(4, "little")
    with pytest.raises(SourceError, match="truncated or corrupt"):
        plain(bytes(whole))
