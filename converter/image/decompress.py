"""Compressed streams, told by their first bytes and never by a media type: gzip, zstd, bzip2, xz, plain."""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator
from typing import BinaryIO, Protocol, cast

from converter.errors import SourceError

_INPUT = 64 << 10  # bytes fed at once: what follows a gzip member's end is copied, so not too many
_OUTPUT = 1 << 20  # bytes taken out at once: bounds the memory that a bomb can use
_ZSTD_WINDOW = 128 << 20  # bytes; the most that `zstd -d` itself accepts without --long


class _CorruptError(Exception):
    """The compressed data makes no sense."""


class _Decompressor(Protocol):
    """What zlib, bz2 and lzma have in common."""

    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


class _Gzip:
    """zlib's object with the interface of bz2's and lzma's, which keep their unconsumed input inside."""

    def __init__(self) -> None:
        self._object = zlib.decompressobj(wbits=31)

    @property
    def eof(self) -> bool:
        return self._object.eof

    @property
    def unused_data(self) -> bytes:
        return self._object.unused_data

    def decompress(self, data: bytes, max_length: int, /) -> bytes:
        tail = self._object.unconsumed_tail
        return self._object.decompress(tail + data if tail else data, max_length)


def _new(compression: str) -> _Decompressor:
    if compression == "gzip":
        return _Gzip()
    if compression == "bzip2":
        import bz2

        return bz2.BZ2Decompressor()
    import lzma

    return lzma.LZMADecompressor(memlimit=256 << 20)


def compression_of(head: bytes) -> str:
    """``gzip``, ``zstd``, ``bzip2``, ``xz`` or ``plain``, from the first (at least six) bytes.

    RFC 1952 2.3.1; RFC 8878 3.1 (also skippable frames); the bzip2 and xz formats' magic numbers.
    """
    if head[:2] == b"\x1f\x8b":
        return "gzip"
    if head[:4] == b"\x28\xb5\x2f\xfd" or (head[1:4] == b"\x2a\x4d\x18" and head[0] >> 4 == 5):
        return "zstd"
    if head[:3] == b"BZh":
        return "bzip2"
    return "xz" if head[:6] == b"\xfd7zXZ\x00" else "plain"


def decompressed(stream: BinaryIO, where: str) -> Iterator[bytes]:
    """The plain bytes of `stream` in pieces of at most some MiB, whatever its compression.

    The stream is read to its end. Errors: SourceError when it is truncated or corrupt; when the
    stream itself checks a digest, a wrong digest is reported before a consequence of it.
    """
    head = b""
    while len(head) < 6 and (more := stream.read(_INPUT)):
        head += more
    compression = compression_of(head)
    try:
        if compression == "plain":
            yield from _plain(stream, head)
        elif compression == "zstd":
            yield from _zstd(stream, head)
        else:
            yield from _inflate(stream, head, compression)
    except _CorruptError as error:
        while stream.read(_INPUT):  # a stream that verifies tells of a wrong digest here
            pass
        raise SourceError(
            f"{compression} data is truncated or corrupt: {error}",
            where=where,
            hint="fetch or save the image again",
        ) from error


def _plain(stream: BinaryIO, data: bytes) -> Iterator[bytes]:
    while data:
        yield data
        data = stream.read(4 * _INPUT)


def _inflate(stream: BinaryIO, data: bytes, compression: str) -> Iterator[bytes]:
    """One member after the other (RFC 1952 2.2), as pigz, estargz and `cat a.gz b.gz` make them."""
    inflater = _new(compression)
    over = False
    while True:
        if not data and not over:
            data = stream.read(_INPUT)
            over = not data
        try:
            piece = inflater.decompress(data, _OUTPUT)
        except _errors_of(compression) as error:
            raise _CorruptError(str(error)) from error
        data = b""
        if piece:
            yield piece
        if inflater.eof:
            data = inflater.unused_data.lstrip(b"\0")  # zero padding is allowed, as gzip(1) has it
            while not data and (data := stream.read(_INPUT)):
                data = data.lstrip(b"\0")
            if not data:
                return
            inflater = _new(compression)
        elif over and not piece:
            raise _CorruptError("it ends in the middle")


def _errors_of(compression: str) -> tuple[type[Exception], ...]:
    """What the decompressor raises on bad input (bz2: OSError and ValueError)."""
    if compression == "xz":
        import lzma

        return (lzma.LZMAError,)
    return (OSError, ValueError) if compression == "bzip2" else (zlib.error,)


class _Joined(io.RawIOBase):
    """The bytes already read, then the stream."""

    def __init__(self, head: bytes, stream: BinaryIO) -> None:
        super().__init__()
        self._head, self._stream = head, stream

    def read(self, size: int = -1) -> bytes:
        if self._head:
            data, self._head = self._head[:size], self._head[size:]
            return data
        return self._stream.read(size)


def _zstd(stream: BinaryIO, head: bytes) -> Iterator[bytes]:
    """All frames. An input that ends inside a frame is not told from a whole one here: digests tell."""
    import zstandard

    context = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW)
    source = cast(BinaryIO, _Joined(head, stream))
    with context.stream_reader(source, read_size=_INPUT, read_across_frames=True, closefd=False) as reader:
        while True:
            try:
                piece = reader.read(_OUTPUT)
            except zstandard.ZstdError as error:
                raise _CorruptError(str(error)) from error
            if not piece:
                return
            yield piece
