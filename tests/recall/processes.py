"""A process in the namespaces of a stage, as proc(5) shows it."""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path
from typing import Any


def described(pid: int, root: Path) -> dict[str, Any]:
    """Its program, arguments, environment, working folder and user; paths are those of `root`."""
    folder, inside = Path(f"/proc/{pid}"), str(root)
    status = dict(
        line.split(":\t", 1) for line in (folder / "status").read_text().splitlines() if ":\t" in line
    )
    return {
        "pid": int(folder.name),
        "parent": int(status["PPid"]),
        "path": str((folder / "exe").readlink()).removeprefix(inside),
        "argv": _strings(folder / "cmdline"),
        "cwd": str((folder / "cwd").readlink()).removeprefix(inside) or "/",
        "uid": int(status["Uid"].split()[1]),
        "gid": int(status["Gid"].split()[1]),
        "groups": sorted(map(int, status["Groups"].split())),
    }


def _strings(path: Path) -> list[str]:
    return path.read_bytes().decode(errors="surrogateescape").rstrip("\0").split("\0")


def first_child(pid: int) -> int:
    """The first process that `pid` started and that is still there. Raises ProcessLookupError."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    if not children:
        raise ProcessLookupError(f"process {pid} has no children any more")
    return int(children[0])


def kill_all() -> None:
    """Everything in this PID namespace but its first process, which is this one (kill(2): -1)."""
    assert os.getpid() == 1
    with contextlib.suppress(ProcessLookupError):
        os.kill(-1, signal.SIGKILL)
