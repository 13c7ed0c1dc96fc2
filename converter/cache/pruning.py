"""How much the cache holds, and what goes first when that is too much: what was not used for longest.

Everything in the cache can be made again, so removing any of it costs time and nothing else. What was used
within the last hour stays: somebody may be working with it. Temporary files are `blobs.py`'s to remove.
"""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from converter.cache.folder import default_root
from converter.errors import UsageError
from converter.sizes import parse_bytes

KINDS = {
    "unikernels": "finished conversions",
    "layers": "layers of images, unpacked, and their indexes",
    "blobs": "what registries sent",
    "tags": "which digest a tag had",
    "kernels": "linked library OSes",
    "libos": "the compiled library OS",
    "loaders": "the boot loaders of disks",
    "analysis": "what was read from programs and libraries",
    "conversions": "how unikernels were made",
    "pushed": "which repositories have what was pushed",
    "tool": "digests of u2k itself",
    "zig": "the compiler's own",
}
_LIMIT = 20 << 30  # bytes
_IN_USE = 3600.0  # seconds
_LOCK = ".lock-"
_BLOCK = 512  # bytes; the unit of st_blocks (stat(2)), whatever the file system
_AGES = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}


@dataclass(frozen=True, slots=True)
class Item:
    """What is only of use as a whole.

    size: bytes on the disk, which for sparse files is less than they are long
    used: when it was used last, as far as the file system tells (seconds since 1970)
    """

    kind: str
    path: Path
    size: int
    used: float


@dataclass(frozen=True, slots=True)
class Total:
    """All of a kind; `what` says it in a few words."""

    kind: str
    what: str
    items: int
    size: int  # bytes on the disk


def totals() -> list[Total]:
    """One for each kind, in their order."""
    found: dict[str, list[int]] = {kind: [] for kind in KINDS}
    for item in items():
        found[item.kind].append(item.size)
    return [Total(kind, KINDS[kind], len(sizes), sum(sizes)) for kind, sizes in found.items()]


def items() -> Iterator[Item]:
    """All that is in the cache, but for temporary files."""
    root = default_root()
    for kind in KINDS:
        for path in _tops(root / kind, kind):
            with suppress(OSError):  # it has gone since
                yield Item(kind, path, *_size_and_use(path))


def limit() -> int:
    """How many bytes the cache may keep: U2K_CACHE_LIMIT, as `500M` or `20G`; UsageError if it is no size."""
    text = os.environ.get("U2K_CACHE_LIMIT", "")
    return parse_bytes(text, "U2K_CACHE_LIMIT") if text else _LIMIT


def parse_age(text: str, where: str) -> float:
    """`30d` as seconds. UsageError for anything else."""
    match = re.fullmatch(r"(\d{1,9})([smhdw])", text)
    if match is None:
        raise UsageError(f"{text!r} is no time", where=where, hint="write for example 12h, 30d or 4w")
    return float(int(match[1]) * _AGES[match[2]])


def surplus(bytes_kept: int | None = None, older: float | None = None, *, spare: bool = True) -> list[Item]:
    """What has to go, the longest unused first, so that `bytes_kept` are left and none is `older` (seconds).

    spare: what was used within the last hour stays
    """
    now = time.time()
    found = sorted(items(), key=lambda item: item.used)
    left = sum(item.size for item in found)
    gone = []
    for item in found:
        if spare and now - item.used < _IN_USE:
            break
        too_old = older is not None and now - item.used >= older
        unfinished = item.path.name.startswith(".")  # and whoever made it was killed
        if unfinished or too_old or (bytes_kept is not None and left > bytes_kept):
            gone.append(item)
            left -= item.size
    return gone


def remove(gone: list[Item]) -> int:
    """Remove these; bytes that are free now. What cannot be removed stays."""
    return sum(item.size for item in gone if _removed(item.path))


def keep_within_limit() -> None:
    """After something was added. A limit that is none is told by the commands that show it."""
    with suppress(UsageError):
        remove(surplus(limit()))


def _tops(folder: Path, kind: str) -> Iterator[Path]:
    """Files of a folder are items of their own, and so is each folder of what belongs together."""
    if not folder.is_dir():
        return
    if kind == "zig":  # the compiler's own, which it does not expect to see thinned out
        yield folder
        return
    for path in sorted(folder.iterdir()):
        if path.name.startswith(_LOCK):
            continue
        if kind in ("layers", "blobs", "libos") and path.is_dir():  # by algorithm, by architecture
            yield from (each for each in sorted(path.iterdir()) if not _goes_with_another(each))
        else:
            yield path


def _goes_with_another(path: Path) -> bool:
    """An index; but that of a layer which is read in a local archive stands alone."""
    return path.suffix == ".index" and path.with_suffix("").exists()


def _with_index(path: Path) -> Iterator[Path]:
    """A layer's index goes with it."""
    yield path
    index = path.with_name(path.name + ".index")
    if index.exists():
        yield index


def _size_and_use(path: Path) -> tuple[int, float]:
    size, used = 0, 0.0
    for each in _with_index(path):
        for file in (each, *(each.rglob("*") if each.is_dir() else ())):
            state = file.lstat()
            size += state.st_blocks * _BLOCK
            # A file system may not note reading at all; what matters is touched when it is used.
            used = max(used, state.st_mtime, state.st_atime if file.is_file() else 0.0)
    return size, used


def _removed(path: Path) -> bool:
    """A folder vanishes at once, by a rename: half of an entry is none."""
    try:
        for each in _with_index(path):
            if each.is_dir():
                doomed = each.with_name(f".{each.name}.gone-{os.getpid()}")
                each.rename(doomed)
                shutil.rmtree(doomed, ignore_errors=True)
            else:
                each.unlink()
    except OSError:
        return False
    return True
