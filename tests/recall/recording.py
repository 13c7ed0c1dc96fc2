"""Playing an image's sessions natively below strace: the truth that the analysis is held against."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from tests.e2e import native
from tests.recall.subject import Session, Subject

REPOSITORY = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Recording:
    """programs: canonical path -> call -> the first line of strace that shows it.

    failures: what of the sessions did not go as it should
    mains:    each session's program when it was ready: what `processes.described` says, and `execs`
    """

    programs: Mapping[str, Mapping[str, str]]
    failures: list[str]
    mains: list[dict[str, Any]]


def missing() -> str | None:
    """Why nothing can be recorded here, or None."""
    if reason := native.missing():
        return reason
    return "strace is not here (Debian: apt-get install strace)" if shutil.which("strace") is None else None


def record(subject: Subject, archive: Path, watch: str = "calls", timeout: float = 600) -> Recording:
    """Play all sessions of `subject`. Raises RuntimeError where the stage itself failed.

    watch: `calls`, or `execs`, for which `programs` shows little but `mains` all.
    """
    with tempfile.TemporaryDirectory(prefix="u2k-recall-") as name:
        folder = Path(name)
        bundle = native.unpack(archive, folder)
        work = folder / "work"
        work.mkdir()
        spec = {
            "watch": watch,
            "start": native.specification(bundle) | {"work": str(work)},
            "sessions": [
                asdict(session) | {"start": _start(bundle, session)} for session in subject.sessions
            ],
        }
        (folder / "spec.json").write_text(json.dumps(spec))
        command = ["unshare", "--mount", "--uts", "--ipc", "--net", "--pid", "--fork", "--kill-child"]
        command += ["--mount-proc", sys.executable, "-m", "tests.recall.stage", str(folder / "spec.json")]
        environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=timeout,
            check=False,
            env=environment,
        )
        if done.returncode:
            raise RuntimeError(f"{subject.name}: {done.stderr.decode(errors='replace')[-3000:]}")
        return Recording(**json.loads(done.stdout))


def _start(bundle: native.Bundle, session: Session) -> dict[str, Any]:
    """How the session's program is started; `run` replaces ENTRYPOINT and CMD."""
    config = dict(bundle.config)
    if session.user is not None:
        config["User"] = session.user
    start = native.specification(replace(bundle, config=config), env=session.env)
    return start | ({"argv": session.run} if session.run is not None else {})
