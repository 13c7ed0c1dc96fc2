"""Memory at rest: the proportional set size (PSS) of a stop's processes (proc(5), smaps_rollup).

Pages that several processes map count for each by its share, so that nothing is counted twice.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

_PSS = re.compile(r"^Pss:\s+(\d+) kB$", re.MULTILINE)
_PROC = Path("/proc")


def pss(pids: Iterable[int]) -> int | None:
    """Bytes; None where one of them may not be looked at, or there is none."""
    total = 0
    for pid in pids:
        try:
            match = _PSS.search((_PROC / str(pid) / "smaps_rollup").read_text())
        except (FileNotFoundError, ProcessLookupError):
            continue  # it ended meanwhile
        except OSError:
            return None
        total += int(match[1]) * 1024 if match is not None else 0
    return total or None


def children(pid: int) -> Iterator[int]:
    """All processes below `pid`, without itself (proc(5), task/TID/children)."""
    for task in (_PROC / str(pid) / "task").glob("*/children"):
        try:
            found = [int(word) for word in task.read_text().split()]
        except OSError:
            continue
        for child in found:
            yield child
            yield from children(child)


def same_namespace(pid: int) -> Iterator[int]:
    """All processes in the pid namespace of `pid`, which containers have one each of."""
    own = _namespace(pid)
    for entry in _PROC.iterdir():
        if own and entry.name.isdecimal() and _namespace(int(entry.name)) == own:
            yield int(entry.name)


def _namespace(pid: int) -> str:
    try:
        return str((_PROC / str(pid) / "ns/pid").readlink())
    except OSError:
        return ""
