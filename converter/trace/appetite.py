"""What a sandboxed program takes of the host beyond the limits of each process: memory and disk of all."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from collections.abc import Iterable
from pathlib import Path

_MEMORY_SHARE = 0.5  # of what is available when it starts
_LEAST_MEMORY = 1 << 28  # bytes that it may always have
_DISK_BYTES = 8 << 30  # that may be written
_LEAST_FREE = 1 << 28  # bytes of the disk that nobody may take
_AVAILABLE = re.compile(r"^MemAvailable:\s+(\d+) kB$", re.MULTILINE)
_PROPORTIONAL = re.compile(r"^Pss:\s+(\d+) kB$", re.MULTILINE)


class Appetite:
    """Remembers what is free when it is made. root: a folder on the disk that the program writes to."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._free = shutil.disk_usage(root).free
        found = _AVAILABLE.search(Path("/proc/meminfo").read_text())
        available = int(found[1]) << 10 if found else _LEAST_MEMORY
        self.memory = max(_LEAST_MEMORY, int(available * _MEMORY_SHARE))  # bytes, the most

    def beyond(self, pids: Iterable[int], first: int) -> str | None:
        """What is too much, for people; None: nothing.

        pids: its processes; first: the one whose /dev is the sandbox's
        """
        free = shutil.disk_usage(self._root).free
        if free < _LEAST_FREE or self._free - free > _DISK_BYTES:
            return f"the program fills the disk: {max(self._free - free, 0) >> 20} MiB were written"
        devices = _used(Path(f"/proc/{first}/root/dev"))
        pids = list(pids)
        # Shared pages count once only in the second figure, which costs far more.
        if devices + sum(map(_resident, pids)) > self.memory:
            taken = devices + sum(map(_share, pids))
            if taken > self.memory:
                return f"the program takes too much memory: {taken >> 20} MiB"
        return None


def _used(path: Path) -> int:
    """Bytes in a file system of memory."""
    try:
        return shutil.disk_usage(path).used
    except OSError:  # it has ended
        return 0


def _resident(pid: int) -> int:
    """Bytes of memory that a process has mapped (proc(5), statm)."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return 0


def _share(pid: int) -> int:
    """The same, of shared pages its share (proc(5), smaps_rollup)."""
    with contextlib.suppress(OSError):
        if found := _PROPORTIONAL.search(Path(f"/proc/{pid}/smaps_rollup").read_text()):
            return int(found[1]) << 10
    return 0
