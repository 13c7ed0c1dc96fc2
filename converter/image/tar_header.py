"""One 512-byte tar header, and the numbers in it (pax(1), ustar interchange format; GNU tar manual).

The standard library's tarfile is not used: it takes a damaged header in the middle for the end of the
archive, and reads extension headers of any announced size into memory.
"""

from __future__ import annotations

import functools
import struct
from dataclasses import dataclass

BLOCK = 512
_FIELDS = struct.Struct("100s8s8s8s12s12s8sc100s8s32s32s8s8s155s12s")


class TarError(Exception):
    """The archive makes no sense; the message says what and where in it."""


@dataclass(slots=True)
class TarHeader:
    """The fields as they stand there; names without their NUL."""

    name: bytes
    mode: int
    uid: int
    gid: int
    size: int
    mtime: int
    type: bytes
    link: bytes
    major: int
    minor: int


@functools.lru_cache(1024)  # modes, owners and times are mostly the same few
def number(field: bytes) -> int:
    """Octal digits, or base-256 (two's complement) when the first bit is set, as GNU tar writes."""
    if field[0] & 0x80:
        bits = 8 * len(field) - 1
        value = int.from_bytes(field, "big") & ((1 << bits) - 1)
        return value - (1 << bits) if value >> (bits - 1) else value
    digits = field.strip(b" \0").partition(b"\0")[0]
    if not digits:
        return 0
    if not digits.isdigit() or b"8" in digits or b"9" in digits:
        raise TarError(f"{digits!r} is no octal number")
    return int(digits, 8)


def _text(field: bytes) -> bytes:
    return field.partition(b"\0")[0]


def parse_header(block: bytes) -> TarHeader | None:
    """The header in `block`; None when the block is all zeros, which ends the archive.

    Errors: TarError for a wrong checksum or a field that is no number.
    """
    fields = _FIELDS.unpack(block)
    name, mode, uid, gid, size, mtime, checksum, kind, link, magic, _, _, major, minor, prefix, last = fields
    # The sum counts the checksum field itself as eight spaces.
    found = sum(block) - sum(checksum) + 8 * 32
    if not found - 256 and not any(block):
        return None
    wanted = number(checksum)
    if found != wanted:
        # Some old tars summed signed bytes.
        signed = found - 256 * sum(byte > 127 for byte in block[:148] + block[156:])
        if signed != wanted:
            raise TarError("wrong header checksum")
    name = _text(name)
    if magic[:6] == b"ustar\0" and prefix[0]:
        # In the ustar variant of star, access and change times end the prefix (and "tar" the header).
        name = _text(prefix[:131] if last[8:] == b"tar\0" else prefix) + b"/" + name
    device = magic[:5] == b"ustar" and kind in b"34"
    return TarHeader(
        name,
        number(mode),
        number(uid),
        number(gid),
        number(size),
        number(mtime),
        kind,
        _text(link),
        number(major) if device else 0,
        number(minor) if device else 0,
    )
