"""Run as a program of its own: enter a new user namespace with the ids of an image, then execute a command.

    python -I launch.py OUTSIDE COUNT COMMAND...

Ids 0..COUNT-1 inside are OUTSIDE..OUTSIDE+COUNT-1 on the host (user_namespaces(7)), so that the namespace's
root owns nothing of the host. COUNT 0: no new namespace. Resource limits are set for all that follows.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import signal
import sys
from pathlib import Path

_CLONE_NEWUSER = 0x10000000
_PR_SET_PDEATHSIG = 1
_FILE_BYTES = 4 << 30  # the largest file that may be written
_PROCESSES = 4096
_FILES = 65536
_MEMORY_SHARE = 0.75  # of the host's memory, for one process's data


def main(arguments: list[str]) -> None:
    outside, count, command = int(arguments[0]), int(arguments[1]), arguments[2:]
    libc = ctypes.CDLL(None, use_errno=True)
    # What is traced must not outlive the tool, whatever ends it.
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if count:
        _new_namespace(libc, outside, count)
    _limit()
    os.umask(0o022)  # whatever ours is: containers start with this one
    os.execvp(command[0], command)  # noqa: S606


def _new_namespace(libc: ctypes.CDLL, outside: int, count: int) -> None:
    """Only a process that stays behind may write the maps, so one is forked first."""
    ready, go = os.pipe()
    target = os.getpid()
    writer = os.fork()
    if writer == 0:
        os.close(go)
        if os.read(ready, 1):
            for name in ("uid_map", "gid_map"):
                Path(f"/proc/{target}/{name}").write_text(f"0 {outside} {count}\n")
        os._exit(0)
    os.close(ready)
    if libc.unshare(_CLONE_NEWUSER) != 0:
        sys.exit(f"launch: no user namespace: {os.strerror(ctypes.get_errno())}")
    os.write(go, b"x")
    os.close(go)
    if os.waitpid(writer, 0)[1] != 0:
        sys.exit("launch: the user namespace's ids cannot be mapped")
    os.setgroups([])
    os.setresgid(0, 0, 0)
    os.setresuid(0, 0, 0)
    with contextlib.suppress(OSError):  # a kernel without the sysctl; it is one wall of several
        Path("/proc/sys/user/max_user_namespaces").write_text("0")  # none inside this one (namespaces(7))
    # Setting ids cleared what was asked for (prctl(2), PR_SET_PDEATHSIG).
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def _limit() -> None:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limits = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: _FILE_BYTES,
        resource.RLIMIT_NPROC: _PROCESSES,
        resource.RLIMIT_NOFILE: _FILES,
        resource.RLIMIT_DATA: int(memory * _MEMORY_SHARE),
    }
    for which, wanted in limits.items():
        hard = resource.getrlimit(which)[1]
        value = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(which, (value, value))


if __name__ == "__main__":
    main(sys.argv[1:])
