"""The sandbox: bubblewrap's namespaces around an unpacked tree, strace outside of them.

User, mount, pid, network, ipc, uts and cgroup namespaces; a loopback and no other network; no new privileges;
limits on memory, processes and file sizes (launch.py). As root on the host the image's ids are mapped to ids
that own nothing there (user_namespaces(7)), so that chown, setuid and gosu work as in a container. Otherwise
there is one id: ours.
"""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from converter.analyze.users import Credentials
from converter.errors import RunError, U2kError
from converter.run.host import Check, Verdict
from converter.trace.starter import starter
from converter.trace.unpack import Owners
from converter.trace.workplace import Workplace

START = b"/dev/u2k-start"  # the starter, inside
HOSTNAME = "u2k"
_HERE = Path(__file__).parent
# From the range that systemd gives to containers (systemd-nspawn(1), --private-users), and many, as images
# use numbers like 65532 and 1000650000 too: the last are nobody.
_OWNERS = Owners(1_610_612_736, 1 << 20)
_PATIENCE = 20.0  # seconds for the trial
_PACKAGES = {"bwrap": "bubblewrap", "strace": "strace"}
_CPU_FOLDERS = ("/sys/devices/system/cpu", "/sys/kernel/mm/transparent_hugepage")
# By number, without contents: transfers, since contents cost time, and calls whose first or second argument
# chooses what is needed (profiles have those as numbers).
_RAW = (
    "read,write,pread64,pwrite64,readv,writev,preadv,pwritev,preadv2,pwritev2,sendto,recvfrom,sendmsg,recvmsg,"
    "sendmmsg,recvmmsg,ioctl,prctl,arch_prctl,fcntl,getrandom,getdents,getdents64,poll,ppoll,select,pselect6,epoll_wait,epoll_pwait,futex"
).split(",")
# Strings of execve(2) are at most 32 pages (MAX_ARG_STRLEN).
_STRACE = (
    *("strace", "-f", "-n", "-y", "-s", "131072", "--pidns-translation", "--quiet=attach"),
    *("-e", "verbose=?execve,?execveat,?bind,?connect,?clone3,?setgroups,?openat2,?rt_sigaction"),
    *(
        "-e",
        "abbrev=!execve,execveat,setgroups",
        "-e",
        "signal=SIGSEGV,SIGBUS,SIGABRT,SIGILL,SIGFPE,SIGSYS",
    ),
    *("-e", "raw=" + ",".join(f"?{name}" for name in _RAW)),
)
# Whoever executes a program is stopped before its first instruction, until somebody lets it go on (SIGCONT).
_HOLD = ("-e", "inject=execve,execveat:signal=SIGSTOP")


@dataclass(frozen=True, slots=True)
class Sandbox:
    """How programs can be sandboxed here. `owners` None: with one id only."""

    bwrap: str
    owners: Owners | None

    def command(
        self,
        root: Path,
        start: Path,
        user: Credentials,
        inner: Sequence[bytes],
        descriptors: Mapping[str, int],
        *,
        hold: bool = False,
    ) -> list[bytes]:
        """The whole command line: launcher, strace, bubblewrap, starter, program.

        descriptors: `log` for strace, `info` and `block` for bubblewrap
        hold:        each execve(2), even one that fails, stops its process until it gets a SIGCONT
        """
        strace = [*_STRACE, *(_HOLD if hold else ()), "-o", f"/proc/self/fd/{descriptors['log']}"]
        outside, count = (0, 0) if self.owners is None else (self.owners.first, self.owners.count)
        launch = [sys.executable, "-I", str(_HERE / "launch.py"), str(outside), str(count), *strace]
        wrap = [
            *(self.bwrap, "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts"),
            *("--unshare-cgroup-try", "--hostname", HOSTNAME, "--die-with-parent", "--as-pid-1"),
            *("--info-fd", str(descriptors["info"]), "--block-fd", str(descriptors["block"])),
        ]
        if self.owners is None:
            wrap += ["--unshare-user", "--uid", str(user.uid), "--gid", str(user.gid)]
            wrap += ["--disable-userns"] if _disables_namespaces(self.bwrap) else []
        wrap += ["--bind", str(root), "/", "--proc", "/proc", "--dev", "/dev"]
        for folder in _CPU_FOLDERS:
            wrap += ["--ro-bind-try", folder, folder]
        wrap += ["--ro-bind", str(start), os.fsdecode(START), "--chdir", "/", "--", os.fsdecode(START)]
        return [*map(os.fsencode, (*launch, *wrap)), *inner]

    def identity(self, user: Credentials) -> list[bytes]:
        """The starter's first three arguments."""
        if self.owners is None:
            return [b"-", b"-", b"-"]
        groups = ",".join(map(str, user.groups)) or "-"
        return [str(user.uid).encode(), str(user.gid).encode(), groups.encode()]

    @property
    def enters_user_namespace(self) -> bool:
        """Whether whoever joins the sandbox's network has to join its user namespace first (setns(2))."""
        return self.owners is None


def sandbox() -> Sandbox:
    """The sandbox for this host. RunError that says what is missing; it was tried."""
    found = _trial()
    if isinstance(found, Sandbox):
        return found
    raise RunError(
        f"programs cannot be traced in a sandbox here: {found[0]}",
        hint=f"{found[1]}; u2k doctor looks again",
    )


def check() -> Check:
    """For `u2k doctor`: whether a sandbox works here, by trying it."""
    name, found = "sandbox", _trial()
    if not isinstance(found, Sandbox):
        return Check(name, Verdict.OPTIONAL, f"no --trace: {found[0]}", found[1])
    if found.owners is None:
        step = "run u2k as root to trace images that change users"
        return Check(name, Verdict.OPTIONAL, "bubblewrap and strace work, with one user id", step)
    return Check(name, Verdict.GOOD, "bubblewrap and strace work, with the user ids of images")


@functools.cache
def _trial() -> Sandbox | tuple[str, str]:
    """A sandbox that was tried, or why there is none and what would help."""
    if sys.platform != "linux":
        return f"this is {sys.platform}, not Linux", "use a Linux host"
    missing = [package for name, package in _PACKAGES.items() if shutil.which(name) is None]
    if missing:
        return f"{' and '.join(missing)} not installed", f"apt install {' '.join(missing)}"
    bwrap = shutil.which("bwrap") or "bwrap"
    try:
        start = starter()
    except U2kError as error:
        return str(error), error.hint or "u2k doctor"
    ways = (Sandbox(bwrap, _OWNERS), Sandbox(bwrap, None)) if os.geteuid() == 0 else (Sandbox(bwrap, None),)
    said = ""
    for way in ways:
        said = said or _try(way, start)
        if not said:
            return way
    return (
        said,
        "allow user namespaces (sysctl user.max_user_namespaces)",
    )


@functools.cache
def _disables_namespaces(bwrap: str) -> bool:
    """Whether it can keep user namespaces from being made inside (bubblewrap 0.8): one wall of several."""
    asked = subprocess.run([bwrap, "--help"], stdin=subprocess.DEVNULL, capture_output=True, check=False)
    return b"--disable-userns" in asked.stdout + asked.stderr


def _try(way: Sandbox, start: Path) -> str:
    """Why a starter without arguments does not run in this sandbox; empty if it does."""
    with Workplace(way.owners, start) as place, tempfile.TemporaryFile() as log:
        os.fchmod(log.fileno(), 0o666)
        nothing = os.open(os.devnull, os.O_RDWR)
        try:
            descriptors = {"log": log.fileno(), "info": nothing, "block": nothing}
            command = way.command(place.root, place.start, Credentials(), [], descriptors)
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                pass_fds=(log.fileno(), nothing),
                start_new_session=True,
                timeout=_PATIENCE,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return str(error)
        finally:
            os.close(nothing)
    if done.returncode == 0:
        return ""
    lines = done.stderr.decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else f"the trial ended with status {done.returncode}"
