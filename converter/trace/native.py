"""One program in the sandbox under strace: its start, what it says, what it does, its end."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from converter.analyze.program import Program
from converter.errors import RunError
from converter.trace.appetite import Appetite
from converter.trace.record import Record
from converter.trace.sandbox import Sandbox
from converter.trace.strace import Call, Ended, LogReader, Signalled
from converter.trace.watch import EXECUTING, Watcher
from converter.trace.workplace import Workplace

_PATIENCE = 30.0  # seconds for the sandbox to come up
_GRACE = 5.0  # seconds between the stop signal and the end
_LOOK = 0.1  # seconds between looks at what it takes
_KEPT_LINES = 40
_STRACES_OWN = ("strace: umoven: ", "strace: umovestr: ")  # of pointers to nowhere
_LONGEST_INFO = 4096
_LONGEST_LINE = 8 << 20  # bytes of strace's log


class Run:
    """One program in its sandbox, from the start to the end."""

    def __init__(
        self,
        way: Sandbox,
        place: Workplace,
        program: Program,
        watcher: Watcher,
        before_main: Callable[[], None] | None = None,
        coming: Callable[[], bool] = lambda: False,
    ) -> None:
        """before_main: called whenever the main process has executed a program that has not begun yet
        coming: whether the main process is a script that has yet to come to the program
        """
        self.way, self.watcher, self._before_main, self.coming = way, watcher, before_main, coming
        self._place, self._program = place, program
        self._reader = LogReader()
        self.output: deque[str] = deque(maxlen=_KEPT_LINES)
        self.inside: int | None = None  # the first process, as the host numbers it
        self.beyond: str | None = None  # what it took too much of, and was ended for
        self.held = False  # the main process waits until `before_main` has returned
        self._called_for: Record | None = None
        self._threads: list[threading.Thread] = []
        self._failure: BaseException | None = None  # of a thread: what it should have seen is lost
        self._ending = threading.Event()
        self._ended = False

    @contextlib.contextmanager
    def started(self) -> Iterator[None]:
        """The program runs in the block, and nothing of it after. RunError when it cannot."""
        try:
            yield from self._running()
        finally:
            if self._failure is not None:
                raise self._failure

    def _running(self) -> Iterator[None]:
        with contextlib.ExitStack() as stack:
            log, log_end = _pipe(stack)
            info, info_end = _pipe(stack)
            block, unblock = _pipe(stack)
            said, said_end = _pipe(stack)
            for end in (
                log_end,
                said_end,
            ):  # opened again by somebody else: strace, a log that is /dev/stderr
                os.fchmod(end.fileno(), 0o666)
            descriptors = {"log": log_end.fileno(), "info": info_end.fileno(), "block": block.fileno()}
            command = self.way.command(
                self._place.root,
                self._place.start,
                self._program.user,
                self._inner(),
                descriptors,
                hold=self._before_main is not None,
            )
            self._child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=said_end,
                stderr=said_end,
                pass_fds=tuple(descriptors.values()),
                start_new_session=True,
                cwd="/",
            )
            stack.callback(self._end)
            for end in (log_end, info_end, block, said_end):
                end.close()
            self._follow(said, self._keep)
            self._follow(log, self._watch)
            guard = threading.Timer(_PATIENCE, self._child.kill)
            guard.start()
            try:
                self.inside = _child_pid(info)
            finally:
                guard.cancel()
            if self.inside is None:
                self._child.wait()
                raise RunError(
                    "the sandbox could not be started: " + (self.last_words() or "it said nothing"),
                    hint="u2k doctor says what is missing",
                )
            self._enter("ports")
            self._start_thread(lambda: self._guard(Appetite(self._place.root)))
            unblock.write(b"x")
            unblock.close()
            yield

    def _inner(self) -> list[bytes]:
        """The starter's arguments (start/start.c)."""
        program = self._program
        path = program.executable.path
        env = [name + b"=" + value for name, value in program.environment.items()]
        count = str(len(env)).encode()
        return [*self.way.identity(program.user), program.cwd, count, *env, path, *program.argv]

    def over(self) -> bool:
        """Whether the first process has ended."""
        return self._child.poll() is not None or self.watcher.ended is not None

    def enter_command(self, *arguments: str) -> list[str]:
        """The command line that does something in the sandbox's network (enter.py)."""
        user = "user" if self.way.enters_user_namespace else "-"
        return [
            sys.executable,
            "-I",
            str(Path(__file__).with_name("enter.py")),
            str(self.inside),
            user,
            *arguments,
        ]

    def _enter(self, *arguments: str) -> None:
        subprocess.run(
            self.enter_command(*arguments), stdin=subprocess.DEVNULL, capture_output=True, check=False
        )

    def settle(self) -> None:
        """After it has ended: until all that it did and said is known."""
        self._wait(_GRACE)
        for thread in self._threads:
            thread.join(_GRACE)
        if self.watcher.ended is None and self._child.returncode is not None:
            # The log does not tell the end of who was killed from outside; bubblewrap's own status does.
            self.watcher.ended = Ended(self.inside or 0, self._child.returncode, None)

    def stop(self, number: int) -> None:
        """Ask it to end, then make it."""
        self._signal(number)
        self._wait(_GRACE)
        if not self.over():
            self._signal(signal.SIGKILL)
            self._wait(_GRACE)

    def work(self) -> float:
        """Processor seconds that its processes have used so far (proc(5), stat)."""
        # Of its own, and of children that it has waited for.
        ticks = sum(sum(map(int, fields[11:15])) for fields in self._stats(self.watcher.processes()))
        return ticks / os.sysconf("SC_CLK_TCK")

    def waits_for_disk(self) -> bool:
        """Whether one of its threads is in uninterruptible sleep, as in fsync(2) (proc(5), state D)."""
        return any(fields[0] == "D" for fields in self._stats(self.watcher.living()))

    def _stats(self, pids: Iterable[int]) -> Iterator[list[str]]:
        """The fields of /proc/PID/stat behind the name, of each that is alive."""
        for pid in pids:
            with contextlib.suppress(OSError):
                fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
                if len(fields) > 14:
                    yield fields

    def last_words(self) -> str:
        """What the program, or the sandbox, said last."""
        said = [*self._reader.said, *(line for line in self.output if not line.startswith(_STRACES_OWN))]
        return "\n".join(said[-10:])

    def _signal(self, number: int) -> None:
        if self.inside is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.inside, number)

    def _wait(self, seconds: float) -> None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._child.wait(seconds)

    def _end(self) -> None:
        self._ending.set()
        # Killing the first process of a pid namespace ends them all (pid_namespaces(7)).
        if self.inside is not None:
            self._signal(signal.SIGKILL)
            self._wait(_GRACE)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._child.pid, signal.SIGKILL)
        self._child.wait()
        for thread in self._threads:
            thread.join(_GRACE)
        self._ended = True

    def _follow(self, stream: BinaryIO, take: Callable[[BinaryIO], None]) -> None:
        self._start_thread(lambda: take(stream))

    def _start_thread(self, work: Callable[[], None]) -> None:
        def follow() -> None:
            try:
                work()
            except BaseException as failure:
                if not self._ended:
                    self._failure = failure
                    self._child.kill()  # rather than that it waits for ever for somebody who reads

        thread = threading.Thread(target=follow, daemon=True)
        thread.start()
        self._threads.append(thread)

    def _watch(self, stream: BinaryIO) -> None:
        while line := stream.readline(_LONGEST_LINE):
            text = line.decode("utf-8", "surrogateescape").rstrip("\n")
            for event in self._reader.read(text):
                self.watcher.feed(event)
                if isinstance(event, Signalled) and self.watcher.crashed is not None:
                    self._signal(signal.SIGKILL)
                if self._before_main is not None and isinstance(event, Call) and event.name in EXECUTING:
                    self._let_go(event.pid, self._before_main)

    def _let_go(self, pid: int, before_main: Callable[[], None]) -> None:
        """Go on after an execve, be it a failed one; the stop is pending as long as nobody says so."""
        if self.watcher.main is not self._called_for:
            self._called_for, self.held = self.watcher.main, True
            before_main()
            self.held = False
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)

    def _guard(self, appetite: Appetite) -> None:
        """End it when it takes too much."""
        while self.inside is not None and not self.over() and not self._ending.wait(_LOOK):
            self.beyond = appetite.beyond(self.watcher.processes(), self.inside)
            if self.beyond is not None:
                self._signal(signal.SIGKILL)
                return

    def _keep(self, stream: BinaryIO) -> None:
        while line := stream.readline(1 << 16):
            self.output.append(line.decode(errors="replace").rstrip())


def _pipe(stack: contextlib.ExitStack) -> tuple[BinaryIO, BinaryIO]:
    """Both ends, unbuffered for writing; closed with the stack at the latest."""
    read_end, write_end = os.pipe()
    reading = stack.enter_context(os.fdopen(read_end, "rb"))
    return reading, stack.enter_context(os.fdopen(write_end, "wb", buffering=0))


def _child_pid(info: BinaryIO) -> int | None:
    """What bubblewrap says of the sandbox's first process; None when it ended before it came so far.

    strace has inherited the pipe, so that its end comes late: the object's own end is looked for.
    """
    text = b""
    while (line := info.readline(_LONGEST_INFO)) and len(text) < _LONGEST_INFO:
        text += line
        with contextlib.suppress(ValueError, KeyError, TypeError):
            return int(json.loads(text)["child-pid"])
    return None
