"""Whether a process that was written down is still that process: numbers are given out again."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

_BOOT = Path("/proc/sys/kernel/random/boot_id")
_START_TIME = 22 - 3  # proc(5), /proc/PID/stat; counted from the field behind the name


@dataclass(frozen=True, slots=True)
class ProcessIdentity:
    """boot: of this host's start; start: of the process, in clock ticks since then."""

    pid: int
    start: int = 0
    boot: str = ""

    def alive(self) -> bool:
        """Whether it still runs. A zombie does not."""
        if self.boot:
            return _read(self.pid) == self
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        except OSError:
            return True
        return True


def this_process() -> ProcessIdentity:
    """Elsewhere than on Linux only the number is known."""
    return _read(os.getpid()) or ProcessIdentity(os.getpid())


def _read(pid: int) -> ProcessIdentity | None:
    try:
        boot = _BOOT.read_text().strip()
        fields = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
        return None if fields[0] in "ZX" else ProcessIdentity(pid, int(fields[_START_TIME]), boot)
    except (OSError, ValueError, IndexError):
        return None
