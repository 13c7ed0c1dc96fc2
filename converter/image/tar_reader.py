"""The members of a plain tar: headers with everything that GNU and PAX extension headers add to them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from converter.image.tar_header import BLOCK, TarError, TarHeader, parse_header
from converter.image.tar_sparse import check_runs, data_runs, decimal, old_gnu_runs, pax_runs

ReadAt = Callable[[int, int], bytes]  # (offset, length) -> bytes, shorter at the end of the archive

_MAX_EXTENSION = 1 << 20  # bytes of an extension header; Go's archive/tar has the same limit
_MAX_MEMBERS = 2_000_000
_WITHOUT_DATA = b"123456"
_KNOWN = b"\x0001234567S"
_LARGEST = (1 << 63) - 1


class TarMember(NamedTuple):
    """A member. Sizes and offsets in bytes; offsets count from the start of the archive."""

    name: bytes
    type: str  # "0" regular, "1" hard link, "2" symlink, "3" char, "4" block, "5" directory, "6" FIFO
    mode: int
    uid: int
    gid: int
    mtime: int
    mtime_nsec: int
    size: int  # of the file, holes included
    runs: tuple[tuple[int, int, int], ...]  # (offset in file, length, offset in archive)
    link: bytes
    rdev: tuple[int, int]
    xattrs: Mapping[str, bytes]


def members(read_at: ReadAt, size: int) -> Iterator[TarMember]:
    """All members of an archive of `size` bytes, in order.

    Errors: TarError, with the offset, for anything damaged or truncated, unknown types, and what
    would take unbounded memory.
    """
    at = 0
    count = 0
    try:
        while True:
            found = _next(read_at, at, size)
            if found is None:
                return
            at, member = found
            count += 1
            if count > _MAX_MEMBERS:
                raise TarError(f"more than {_MAX_MEMBERS} members")
            yield member
    except TarError as error:
        raise TarError(f"{error} (near offset {at})") from error


def _block(read_at: ReadAt, at: int) -> bytes | None:
    block = read_at(at, BLOCK)
    if block and len(block) < BLOCK:
        raise TarError("the archive is truncated")
    return block or None


def _padded(size: int) -> int:
    return -(-size // BLOCK) * BLOCK


def _next(read_at: ReadAt, at: int, total: int) -> tuple[int, TarMember] | None:
    """The member whose headers begin at `at`, and where the next one's do; None at the end."""
    pax: dict[bytes, bytes] = {}
    name = link = None
    pending = False
    while True:
        block = _block(read_at, at)
        header = parse_header(block) if block is not None else None
        if block is None or header is None:
            if pending:
                raise TarError("an extension header without a member")
            return None
        at += BLOCK
        if header.size < 0:
            raise TarError("a negative size")
        if header.type not in b"xXgLK":
            return _member(read_at, at, total, block, header, pax, name, link)
        if header.size > _MAX_EXTENSION:
            raise TarError(f"an extension header of {header.size} bytes")
        data = read_at(at, header.size)
        if len(data) < header.size:
            raise TarError("the archive is truncated")
        at += _padded(header.size)
        # Global headers are passed over, as container engines do (they use Go's archive/tar).
        pending = pending or header.type != b"g"
        if header.type == b"L":
            name = data.partition(b"\0")[0]
        elif header.type == b"K":
            link = data.partition(b"\0")[0]
        elif header.type in b"xX":
            pax = _pax_records(data)


def _pax_records(data: bytes) -> dict[bytes, bytes]:
    """``LENGTH KEY=VALUE\\n`` ... (pax(1)). The pairs of a 0.0 sparse map are joined to a 0.1 map."""
    records: dict[bytes, bytes] = {}
    pairs: list[bytes] = []
    at = 0
    while at < len(data) and data[at]:
        space = data.find(b" ", at, at + 20)
        end = at + decimal(data[at:space]) if space > at else 0
        record = data[space + 1 : end]
        key, equals, value = record[:-1].partition(b"=")
        # An end that is not behind the space would have us read the same record for ever.
        if not at < space < end <= len(data) or not equals or record[-1:] != b"\n":
            raise TarError("a malformed PAX record")
        at = end
        if key in (b"GNU.sparse.offset", b"GNU.sparse.numbytes"):
            pairs.append(value)
        else:
            records[key] = value
    if pairs:
        records[b"GNU.sparse.map"] = b",".join(pairs)
    return records


def _member(
    read_at: ReadAt,
    at: int,
    total: int,
    block: bytes,
    header: TarHeader,
    pax: Mapping[bytes, bytes],
    long_name: bytes | None,
    long_link: bytes | None,
) -> tuple[int, TarMember]:
    if header.type not in _KNOWN:
        raise TarError(f"a member of unknown type {header.type!r}")
    # An empty value deletes the record (pax(1)), so the header's own field counts.
    name = pax.get(b"path") or long_name or header.name
    stored = decimal(pax[b"size"]) if pax.get(b"size") else header.size
    if header.type in _WITHOUT_DATA:
        stored = 0
    real, pieces = stored, None
    start = at

    def read(length: int) -> bytes:
        nonlocal at
        data = read_at(at, length)
        if len(data) < length:
            raise TarError("the archive is truncated")
        at += length
        return data

    if header.type == b"S":
        real, pieces = old_gnu_runs(block, read)
        start = at
    elif pax.get(b"GNU.sparse.major") == b"1" and pax.get(b"GNU.sparse.minor") == b"0":
        used, pieces = data_runs(read)
        start, stored = start + used, stored - used
    elif b"GNU.sparse.map" in pax:
        pieces = pax_runs(pax[b"GNU.sparse.map"])
    if pieces is not None and header.type != b"S":
        name = pax.get(b"GNU.sparse.name") or name
        real = decimal(pax.get(b"GNU.sparse.realsize") or pax.get(b"GNU.sparse.size") or b"0")
    if pieces is not None:
        check_runs(pieces, real, stored)
    if start + stored > total:
        raise TarError(f"the archive is truncated inside {name[:200]!r}")
    seconds, nanoseconds = _time(pax[b"mtime"]) if pax.get(b"mtime") else (header.mtime, 0)
    uid = decimal(pax[b"uid"]) if pax.get(b"uid") else header.uid
    gid = decimal(pax[b"gid"]) if pax.get(b"gid") else header.gid
    if not (0 <= uid < 1 << 32 and 0 <= gid < 1 << 32 and abs(seconds) <= _LARGEST and real <= _LARGEST):
        raise TarError(f"owner, time or size of {name[:200]!r} is out of range")
    kind = "0" if header.type in b"\x0007S" else header.type.decode()
    if kind == "0" and name.endswith(b"/"):
        kind = "5"  # how version 7 of Unix told directories
    return start + _padded(stored), TarMember(
        name,
        kind,
        header.mode & 0o7777,
        uid,
        gid,
        seconds,
        nanoseconds,
        real if kind == "0" else 0,
        _runs([(0, stored)] if pieces is None else pieces, start) if kind == "0" else (),
        pax.get(b"linkpath") or long_link or header.link,
        (header.major, header.minor),
        _xattrs(pax),
    )


def _runs(pieces: list[tuple[int, int]], start: int) -> tuple[tuple[int, int, int], ...]:
    runs = []
    for at, length in pieces:
        if length:
            runs.append((at, length, start))
        start += length
    return tuple(runs)


def _time(text: bytes) -> tuple[int, int]:
    """Decimal seconds with a fraction, maybe negative: (whole seconds rounded down, nanoseconds)."""
    negative = text.startswith(b"-")
    whole, _, fraction = text.lstrip(b"-").partition(b".")
    nanoseconds = decimal((fraction[:9] or b"0").ljust(9, b"0"))
    seconds = decimal(whole or b"0")
    if not negative:
        return seconds, nanoseconds
    return (-seconds - 1, 1_000_000_000 - nanoseconds) if nanoseconds else (-seconds, 0)


def _xattrs(pax: Mapping[bytes, bytes]) -> Mapping[str, bytes]:
    prefix = b"SCHILY.xattr."
    return {
        key[len(prefix) :].decode(errors="surrogateescape"): value
        for key, value in pax.items()
        if key.startswith(prefix)
    }
