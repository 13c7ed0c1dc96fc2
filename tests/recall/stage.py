"""The first process of an image's namespaces: plays its sessions below strace, and says what was seen.

    python -m tests.recall.stage SPEC      SPEC: a JSON file of `recording.record`; answers in JSON

It stays outside of the image's root, with the host's Python and strace; what it starts goes in.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.e2e import native
from tests.recall import execs, processes
from tests.recall.exercise import Failed, Step, check, perform, wait_for
from tests.recall.strace import calls_by_program, merged

SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1  # netdevice(7)
LAUNCHERS = 1  # programs below strace before the image's own: this Python, as `launch`


class Stage:
    """The image's root, laid out once, and what was seen of all that ran in it."""

    def __init__(self, spec: Mapping[str, Any]) -> None:
        self.root = native.lay_out(spec["start"])
        _terminals(self.root)
        _names(self.root)
        self.work = Path(spec["start"]["work"])
        self.logs: list[tuple[Path, str]] = []  # with the working folder at its start
        self.failures: list[str] = []
        self.mains: list[dict[str, Any]] = []
        self.options = execs.OPTIONS if spec["watch"] == "execs" else ("-s", "64")

    def launch(self, start: Mapping[str, Any], stdin: str = "", *, traced: bool = True) -> Running:
        """Start what `native.specification` describes; `stdin` is text, a file for the program."""
        number = len(list(self.work.glob("output.*")))
        log, output = self.work / f"strace.{number}", self.work / f"output.{number}"
        spec, given = self.work / f"start.{number}", self.work / f"stdin.{number}"
        spec.write_text(json.dumps({**start, "root": str(self.root)}))
        given.write_text(stdin)
        command = ["strace", "-f", "-qq", *self.options, "-o", str(log)] if traced else []
        command += [sys.executable, "-I", "-S", str(Path(__file__).with_name("launch.py")), str(spec)]
        with given.open("rb") as source, output.open("wb") as target:
            process = subprocess.Popen(command, stdin=source, stdout=target, stderr=target)
        if traced:
            self.logs.append((log, start["cwd"]))
        return Running(process, output)

    def seen(self) -> dict[str, dict[str, str]]:
        """Canonical path of each program -> call -> its first line. This process stays in the root."""
        runs = []
        for log, cwd in self.logs:
            with log.open(errors="replace") as lines:
                runs.append((cwd, calls_by_program(lines, LAUNCHERS)))
        os.chroot(self.root)
        os.chdir("/")
        return merged(
            {_program(str(Path(cwd, path))): calls} for cwd, run in runs for path, calls in run.items()
        )


@dataclass(frozen=True, slots=True)
class Running:
    process: subprocess.Popen[bytes]  # strace, of what is traced
    output: Path

    def said(self) -> str:
        return self.output.read_text(errors="replace")

    def end(self, patience: float, wanted: int, expect: Step) -> None:
        """Wait for it, and look at status (-1: any) and output. Raises Failed."""
        try:
            status = self.process.wait(patience)
        except subprocess.TimeoutExpired:
            raise Failed("it did not end") from None
        status = status if status >= 0 else 128 - status  # strace dies of the signal that killed its child
        if status != wanted >= 0:
            raise Failed(f"it ended with status {status}")
        check(expect, self.said())


class Play:
    """One session: what `exercise` calls a scene."""

    def __init__(self, stage: Stage, session: Mapping[str, Any]) -> None:
        self.stage, self.session, self.root = stage, session, stage.root
        self.program: Running | None = None

    def play(self) -> None:
        """From start to end; nothing runs afterwards. Raises Failed."""
        session, argv = self.session, self.session["start"]["argv"]
        try:
            for step in session["before"]:
                perform(step, self)
            self.program = self.stage.launch(session["start"], session["stdin"])
            if session["ready"]:
                self._serve(self.program)
            self.program.end(session["patience"], session["status"], session)
        except Failed as failure:
            said = self.program.said()[-1500:] if self.program else ""
            raise Failed(f"{argv}: {failure}; it said: {said}") from failure
        finally:
            processes.kill_all()
            if self.program is not None:
                self.program.process.wait()

    def _serve(self, program: Running) -> None:
        session = self.session
        wait_for(
            lambda: program.process.poll() is not None or _is_ready(session["ready"], self.root, program),
            "it to be ready",
            session["patience"],
        )
        if program.process.poll() is not None:
            raise Failed(f"ended with status {program.process.returncode} before it was ready")
        time.sleep(0.1)
        try:
            self.stage.mains.append(self._described())
        except OSError as error:
            raise Failed(f"it ended when it was ready: {error}") from error
        for step in session["steps"]:
            perform(step, self)
        if session["stop"]:
            perform({"signal": session["stop"]}, self)

    def main(self) -> int:
        if self.program is None:
            raise Failed("the program does not run yet")
        return processes.first_child(self.program.process.pid)

    def _described(self) -> dict[str, Any]:
        """The program when it is ready, with the execs that led to it if those are watched."""
        pid = self.main()
        with self.stage.logs[-1][0].open(errors="replace") as lines:
            chain = [asdict(each) for each in execs.execs(lines, pid)][LAUNCHERS:]
        return processes.described(pid, self.root) | {"execs": chain}

    def run(self, step: Step) -> None:
        start = self._beside("run", step)
        running = self.stage.launch(start, step.get("stdin", ""))
        if step.get("stays"):
            return
        if "limit" in step:
            time.sleep(step["limit"])
            os.kill(processes.first_child(running.process.pid), signal.SIGKILL)
            running.process.wait()
            return
        try:
            running.end(60, step.get("status", 0), step)
        except Failed as failure:
            raise Failed(f"{failure}; it said: {running.said()[-1500:]}") from failure

    def start(self, step: Step) -> None:
        self.stage.launch(self._beside("start", step), traced=False)

    def _beside(self, key: str, step: Step) -> dict[str, Any]:
        start = self.session["start"]
        return {
            **start,
            "argv": step[key],
            "env": start["env"] | step.get("env", {}),
            "cwd": step.get("cwd", start["cwd"]),
        }


def _is_ready(ready: Mapping[str, Any], root: Path, program: Running) -> bool:
    if "output" in ready:
        return re.search(ready["output"], program.said()) is not None
    inside = str(root / ready["unix"].lstrip("/")) if "unix" in ready else ""
    with socket.socket(socket.AF_UNIX if inside else socket.AF_INET, socket.SOCK_STREAM) as probe:
        return probe.connect_ex(inside or ("127.0.0.1", ready["tcp"])) == 0  # type: ignore[arg-type]


def _program(path: str) -> str:
    """The ELF file that runs when `path` is executed, links and `#!` lines followed (execve(2))."""
    for _ in range(5):
        path = os.path.realpath(path)
        try:
            with Path(path).open("rb") as file:
                line = file.readline(256)
        except OSError:
            break
        if not line.startswith(b"#!"):
            break
        path = os.fsdecode(line[2:].split()[0])
    return path


def _terminals(root: Path) -> None:
    """Pseudo-terminals as docker gives them (pts(4))."""
    folder = root / "dev" / "pts"
    folder.mkdir()
    options = "newinstance,ptmxmode=0666,mode=0620"
    subprocess.run(["mount", "-t", "devpts", "-o", options, "devpts", str(folder)], check=True)
    (root / "dev" / "ptmx").symlink_to("pts/ptmx")


def _names(root: Path) -> None:
    """The files that docker mounts over the image's; no name server is in reach."""
    folder = root / "etc"
    folder.mkdir(exist_ok=True)
    files = {"hostname": "u2k\n", "hosts": "127.0.0.1 localhost u2k\n", "resolv.conf": ""}
    for name, text in files.items():
        if not (folder / name).is_symlink():
            (folder / name).write_text(text)


def _loopback() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sh14x", b"lo", 0)
        flags = struct.unpack("16sh14x", fcntl.ioctl(any_socket, SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | IFF_UP))


def main() -> None:
    spec = json.loads(Path(sys.argv[1]).read_text())
    stage = Stage(spec)
    _loopback()
    for session in spec["sessions"]:
        try:
            Play(stage, session).play()
        except Failed as failure:
            stage.failures.append(str(failure))
    seen = stage.seen()
    answer = {"programs": seen, "failures": stage.failures, "mains": stage.mains}
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
