"""Digests (OCI image-spec, descriptor.md) and a stream that checks what passes through it."""

from __future__ import annotations

import hashlib
import io
import re
from pathlib import Path
from typing import BinaryIO

from converter.errors import SourceError

_HEX_LENGTH = {"sha256": 64, "sha512": 128}
_DIGEST = re.compile(r"(sha256|sha512):([0-9a-f]+)")


def is_digest(text: object) -> bool:
    """Whether `text` is ``sha256:`` or ``sha512:`` and the right number of lower-case hex digits."""
    match = _DIGEST.fullmatch(text) if isinstance(text, str) else None
    return match is not None and len(match[2]) == _HEX_LENGTH[match[1]]


def checked_digest(text: object, where: str) -> str:
    """`text` itself. Errors: SourceError when it is no digest; so it is safe as a file name, too."""
    if not isinstance(text, str) or not is_digest(text):
        raise SourceError(
            f"{str(text)[:100]!r} is no digest that u2k knows",
            where=where,
            hint="sha256 and sha512 are known",
        )
    return text


def verify(data: bytes, digest: str, where: str) -> bytes:
    """`data` itself. Errors: SourceError when it has another digest."""
    found = f"{digest.partition(':')[0]}:{hashlib.new(digest.partition(':')[0], data).hexdigest()}"
    if found != digest:
        raise wrong_digest(digest, found, where)
    return data


def file_digest(path: Path) -> str:
    """``sha256:`` and the digest of a whole file. Errors: OSError."""
    with path.open("rb") as file:
        return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"


def wrong_digest(expected: str, found: str, where: str) -> SourceError:
    return SourceError(
        f"wrong digest: expected {expected}, the bytes have {found}",
        where=where,
        hint="the image was damaged on its way or tampered with; fetch or save it again",
    )


class VerifyingReader(io.RawIOBase):
    """Passes `stream` on and checks, at its end, that size and digest are as announced.

    Never passes on more than `size` bytes. Errors (on read): SourceError when the stream is
    shorter or longer, or has another digest.
    """

    def __init__(self, stream: BinaryIO, digest: str, size: int | None, where: str) -> None:
        super().__init__()
        self._stream = stream
        self._digest = digest
        self._size = size
        self._where = where
        self._hash = hashlib.new(digest.partition(":")[0])
        self._seen = 0
        self._over = False

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        if self._over:
            return b""
        if size < 0:
            return b"".join(iter(lambda: self.read(1 << 20), b""))
        data = self._stream.read(size)
        self._seen += len(data)
        if self._size is not None and (self._seen > self._size or (not data and self._seen < self._size)):
            word = "truncated" if not data else "too long"
            raise SourceError(
                f"blob is {word}: {self._seen} bytes{'' if not data else ' or more'} of {self._size}",
                where=self._where,
                hint="fetch or save the image again",
            )
        self._hash.update(data)
        if not data and size:
            self._over = True
            found = f"{self._hash.name}:{self._hash.hexdigest()}"
            if found != self._digest:
                raise wrong_digest(self._digest, found, self._where)
        return data

    def close(self) -> None:
        self._stream.close()
        super().close()
