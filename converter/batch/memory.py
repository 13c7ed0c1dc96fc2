"""How much memory a batch may take where nobody says: most of what this host, or its container, has left."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from converter.errors import UsageError

LEAST = 256 << 20  # bytes that converting an ordinary image takes
_PART = 0.8  # of what is available


def budget(wanted: int | None, jobs: int) -> int:
    """Bytes for all workers together. UsageError when that is too little for `jobs` of them."""
    given = int(available() * _PART) if wanted is None else wanted
    if wanted is not None and given < jobs * LEAST:
        raise UsageError(
            f"{given >> 20} MiB are too little for {jobs} images at once",
            where="--memory",
            hint=f"give {LEAST >> 20} MiB for each, or fewer --jobs",
        )
    return max(given, jobs * LEAST)


def available() -> int:
    """Bytes: MemAvailable of proc(5), or what is left in our control group (cgroup v2, memory.max)."""
    found = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    with suppress(OSError, ValueError, IndexError):
        lines = dict(line.split(":", 1) for line in Path("/proc/meminfo").read_text().splitlines())
        found.append(int(lines["MemAvailable"].split()[0]) << 10)
    with suppress(OSError, ValueError):
        group = Path("/sys/fs/cgroup")
        limit, used = (int((group / name).read_text()) for name in ("memory.max", "memory.current"))
        found.append(max(limit - used, 0))
    return min(found)
