"""The maps of sparse tar members: GNU 'S' headers, and PAX formats 0.0, 0.1 and 1.0 (GNU tar manual, D.)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from converter.image.tar_header import BLOCK, TarError, number

Run = tuple[int, int]  # offset in the file, length; bytes
_MAX_MAP = 8 << 20  # bytes of a map inside the archive: half a million fragments


def check_runs(runs: Sequence[Run], real_size: int, stored: int) -> None:
    """Errors: TarError unless the runs are in order, apart, in the file and together `stored` bytes."""
    end = total = 0
    for at, length in runs:
        if at < end or length < 0:
            raise TarError("the map of a sparse file is out of order")
        end = at + length
        total += length
    if end > real_size or total != stored:
        raise TarError("the map of a sparse file does not fit its size")


def old_gnu_runs(header: bytes, read: Callable[[int], bytes]) -> tuple[int, list[Run]]:
    """(real size, runs) of a type 'S' header; `read` gives the blocks that follow it.

    The header has 4 entries of 12 + 12 bytes at 386, the more-follows flag at 482 and the real size
    at 483; a following block has 21 entries and its flag at 504.
    """
    runs = _entries(header[386:482])
    more = header[482] not in (0, 0x30)
    while more:
        block = read(BLOCK)
        runs += _entries(block[:504])
        if len(runs) * 24 > _MAX_MAP:
            raise TarError("the map of a sparse file is too long")
        more = block[504] not in (0, 0x30)
    return number(header[483:495]), runs


def _entries(table: bytes) -> list[Run]:
    pairs = [(table[at : at + 12], table[at + 12 : at + 24]) for at in range(0, len(table), 24)]
    return [(number(offset), number(length)) for offset, length in pairs if offset.strip(b"\0")]


def pax_runs(text: bytes) -> list[Run]:
    """Formats 0.0 (pairs joined by the caller) and 0.1: ``offset,length,offset,length...``."""
    numbers = [decimal(item) for item in text.split(b",")] if text else []
    if len(numbers) % 2:
        raise TarError("the map of a sparse file has an odd length")
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def data_runs(read: Callable[[int], bytes]) -> tuple[int, list[Run]]:
    """Format 1.0: (bytes the map takes, runs); the map stands before the data, a number a line."""
    data = read(BLOCK)
    lines: list[bytes] = []
    need, counted = 1, False
    while True:
        lines = data.split(b"\n", need)
        if len(lines) > 1 and not counted:
            need, counted = 1 + 2 * decimal(lines[0]), True
            if need * 2 > _MAX_MAP:
                raise TarError("the map of a sparse file is too long")
            continue
        if len(lines) > need:
            break
        if len(data) > _MAX_MAP:
            raise TarError("the map of a sparse file is too long")
        # As much again: the work stays linear in the map's length.
        data += read(max(BLOCK, min(len(data), (need * 2 - len(data)) // BLOCK * BLOCK)))
    numbers = [decimal(line) for line in lines[1:need]]
    used = len(b"\n".join(lines[:need])) + 1
    return -(-used // BLOCK) * BLOCK, list(zip(numbers[::2], numbers[1::2], strict=True))


def decimal(text: bytes) -> int:
    """Errors: TarError unless `text` is a decimal number of a size that a file can have."""
    if not text.isdigit() or len(text) > 19:
        raise TarError(f"{text[:40]!r} is no number")
    return int(text)
