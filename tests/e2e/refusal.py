"""`u2k convert` meeting what it must refuse, as a process of its own, with everything it may leave behind."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

U2K = (sys.executable, "-m", "converter")
MEBIBYTE = 1 << 20

# Linux counts what a process held before its exec, so a child of the test runner would seem as large as
# the runner. A small parent in between keeps the two apart (getrusage(2), RUSAGE_CHILDREN).
MEASURE = """
import resource, subprocess, sys
status = subprocess.call(sys.argv[2:])
with open(sys.argv[1], "w") as report:
    print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=report)
sys.exit(status if status >= 0 else 128 - status)
"""


@dataclass(frozen=True)
class Ended:
    """A finished command; `peak` is its resident memory at most, in bytes."""

    status: int
    stdout: str
    stderr: str
    peak: int


def ended(
    command: Sequence[str], folder: Path, prepare: Callable[[], None] | None = None, **env: str
) -> Ended:
    """Run `command` from `folder`, with a cache of its own there unless `env` says otherwise."""
    environment = {
        **{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
        "PYTHONPATH": ":".join(filter(None, map(os.path.abspath, sys.path))),
        "U2K_CACHE_DIR": str(folder / "cache"),
        **env,
    }
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", MEASURE, str(folder / "peak"), *command],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        env=environment,
        preexec_fn=prepare,
        check=False,
    )
    return Ended(done.returncode, done.stdout, done.stderr, int((folder / "peak").read_text()) * 1024)


def complaint(found: Ended, status: int, *says: str) -> str:
    """Checks the form of a failure: status, one error that says all of `says`, a next step, nothing else."""
    assert found.status == status, found.stderr
    assert found.stdout == ""
    first, *rest = found.stderr.splitlines()
    assert first.startswith("u2k: error: "), found.stderr
    assert rest, f"no next step: {found.stderr}"
    assert rest[-1].startswith("  next: "), found.stderr
    assert "Traceback" not in found.stderr
    for part in says:
        assert part in found.stderr
    return found.stderr


@dataclass(frozen=True)
class Refuser:
    """Converts into an empty folder `out` and expects a refusal that leaves it empty."""

    folder: Path

    def __call__(
        self, image: str | Path, status: int, *says: str, options: Sequence[str] = (), **env: str
    ) -> Ended:
        out = self.folder / "out"
        out.mkdir(exist_ok=True)
        command = [*U2K, "convert", str(image), "-o", str(out / "x.u2k"), *options]
        found = ended(command, self.folder, **env)
        complaint(found, status, *says)
        assert list(out.iterdir()) == [], "something half-written was left"
        return found
