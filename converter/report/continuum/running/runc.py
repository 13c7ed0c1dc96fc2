"""Containers as stops where no engine answers: by runc alone, which is what engines start them with.

Each start has the image's files below an overlay of its own (overlayfs(5)), as an engine gives it, and a
network with nothing but its loopback. Devices and set-user-ID bits are left out (trace/unpack.py).
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from converter.analyze.program import Program
from converter.errors import RunError
from converter.image.tree import FileTree
from converter.report.continuum.running.memory import same_namespace
from converter.report.continuum.running.question import Question
from converter.report.continuum.running.said import last_words
from converter.report.continuum.running.sample import Running
from converter.trace.unpack import Owners, unpack

_EVERYBODY = Owners(0, 1 << 32)  # ids of the image are those of the host
_PATIENCE = 30.0  # seconds until it is created
# moby, oci/caps/defaults.go
_CAPABILITIES = [
    f"CAP_{name}"
    for name in (
        "CHOWN DAC_OVERRIDE FSETID FOWNER MKNOD NET_RAW SETGID SETUID SETFCAP SETPCAP NET_BIND_SERVICE"
        " SYS_CHROOT KILL AUDIT_WRITE"
    ).split()
]


def why_not() -> str | None:
    """Why runc cannot run containers here, as far as that can be told without trying."""
    missing = [name for name in ("runc", "mount", "umount") if shutil.which(name) is None]
    if missing:
        return f"{' and '.join(missing)} not installed"
    return None if os.geteuid() == 0 else "runc without an engine needs root"


@dataclass(frozen=True, slots=True)
class Bundle:
    """What a container is made of. `seccomp`: a profile as an object."""

    tree: FileTree
    program: Program
    seccomp: Mapping[str, Any]


class RuncWay:
    """Containers of `bundle`, whose files are unpacked into the new folder `place` at once."""

    def __init__(self, bundle: Bundle, place: Path) -> None:
        """Errors: RunError when there is no room, IncompatibleImageError for what no file system holds."""
        self._bundle, self._place = bundle, place
        (place / "lower").mkdir(parents=True)
        unpack(bundle.tree, place / "lower", _EVERYBODY)

    @contextlib.contextmanager
    def started(self, question: Question) -> Iterator[Running]:
        """See `Way`."""
        name = f"u2k-{secrets.token_hex(8)}"
        port = 0 if question.check is None else question.check.port
        with self._layered(self._place / name) as folder, (folder / "said").open("w+b") as said:
            self._configure(folder)
            command = ["runc", "--root", str(folder / "state"), "run", "--bundle", str(folder)]
            begun = time.monotonic()
            child = subprocess.Popen(
                [*command, "--pid-file", str(folder / "pid"), name],
                stdin=subprocess.DEVNULL, stdout=said, stderr=said, start_new_session=True,
            )  # fmt: skip
            end = _End(child)
            try:
                pid = _created(folder / "pid", end)
                network = Path(f"/proc/{pid}/ns/net") if pid else None
                yield Running(begun, port, network, lambda: _inside(pid), end.look, lambda: last_words(said))
            finally:
                _run("runc", "--root", str(folder / "state"), "delete", "--force", name)
                child.kill()
                child.wait()

    @contextlib.contextmanager
    def _layered(self, folder: Path) -> Iterator[Path]:
        """A folder for one container: `root` is the image's files, with what is written kept apart."""
        for name in ("upper", "work", "root", "state"):
            (folder / name).mkdir(parents=True)
        shutil.copystat(self._place / "lower", folder / "upper")
        options = f"lowerdir={self._place}/lower,upperdir={folder}/upper,workdir={folder}/work"
        failed = _run("mount", "-t", "overlay", "overlay", "-o", options, str(folder / "root"))
        if failed:
            raise RunError(f"its files cannot be layered: {failed}", hint="start a Docker engine")
        try:
            yield folder
        finally:
            _run("umount", "--lazy", str(folder / "root"))
            shutil.rmtree(folder, ignore_errors=True)

    def _configure(self, folder: Path) -> None:
        """config.json (OCI runtime-spec), from runc's own example."""
        failed = _run("runc", "spec", "--bundle", str(folder))
        if failed:
            raise RunError(f"runc makes no configuration: {failed}")
        path, program = folder / "config.json", self._bundle.program
        config = json.loads(path.read_text())
        config["root"] = {"path": "root", "readonly": False}
        config["process"] |= {
            "terminal": False,
            "user": {
                "uid": program.user.uid,
                "gid": program.user.gid,
                "additionalGids": list(program.user.groups),
            },
            "args": [os.fsdecode(program.executable.path), *map(os.fsdecode, program.argv[1:])],
            "env": [os.fsdecode(key + b"=" + value) for key, value in program.environment.items()],
            "cwd": os.fsdecode(program.cwd),
            "capabilities": dict.fromkeys(("bounding", "effective", "permitted"), _CAPABILITIES),
            "noNewPrivileges": False,
            "rlimits": [],
        }
        config["linux"]["seccomp"] = dict(self._bundle.seccomp)
        config["linux"]["sysctl"] = {"net.ipv4.ip_unprivileged_port_start": "0"}
        path.write_text(json.dumps(config))


class _End:
    """Looks for the end of `runc run`, whose status is the container's."""

    def __init__(self, child: subprocess.Popen[bytes]) -> None:
        self._child = child
        self._found: tuple[float, int] | None = None

    def look(self) -> tuple[float, int] | None:
        if self._found is None and self._child.poll() is not None:
            self._found = time.monotonic(), int(self._child.returncode)
        return self._found


def _created(file: Path, end: _End) -> int:
    """The number of the first process, 0 if it has ended already."""
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError, ValueError):
            return int(file.read_text())
        if end.look() is not None:
            return 0
        time.sleep(0.001)
    raise RunError("runc does not create the container")


def _inside(pid: int) -> Iterator[int]:
    return same_namespace(pid) if pid else iter(())


def _run(*command: str) -> str:
    """What it said if it failed; empty if it did not."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    said = done.stderr.decode(errors="replace").strip()
    return "" if done.returncode == 0 else said or f"status {done.returncode}"
