"""From strace's events to records: which process runs which program, where it is, and what it uses."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace

from converter.analyze.executable import find_executable
from converter.analyze.users import Credentials
from converter.errors import IncompatibleImageError
from converter.image.tree import FileKind, FileTree
from converter.trace import strace
from converter.trace.constants import clone_flags, socket_number
from converter.trace.dispositions import Dispositions
from converter.trace.paths import (
    OPENING,
    PATH_ARGUMENTS,
    absolute,
    is_itself,
    opens_for_writing,
    touched,
    virtual,
)
from converter.trace.process import Process, set_gid, set_groups, set_uid, set_umask
from converter.trace.record import LIMIT, Record
from converter.trace.sockets import Sockets, socket_type
from converter.trace.strace import Call, Ended, Entered, Event, Signalled, Superseded

_FORKS = frozenset({"clone", "clone3", "fork", "vfork"})
EXECUTING = frozenset({"execve", "execveat"})
# Calls whose argument at this place chooses what of a library OS is needed; strace shows them raw.
_CHOICES = {"ioctl": 1, "prctl": 0, "arch_prctl": 0, "fcntl": 1}
# Programs whose work is to start one other and to wait for it: that one is the program.
_INITS = frozenset(
    {
        b"tini",
        b"tini-static",
        b"dumb-init",
        b"docker-init",
        b"catatonit",
        b"su",
        b"sudo",
        b"runuser",
        b"timeout",
    }
)
_MAX_PROCESSES = 20_000
STEPS = 1000


class Watcher:
    """Feed it events; the records grow.

    tree:    the image, which says what a path names; another can be given as it changes
    starter: the path, in the sandbox, of the program that starts the first one: before it nothing counts
    numbers: system call number -> name
    waited:  the argv of a program that the main process's script starts last, and only waits for: it is the
             program, though it runs in a process of its own
    """

    def __init__(
        self,
        tree: FileTree,
        starter: bytes,
        user: Credentials,
        numbers: Mapping[int, str],
        waited: tuple[bytes, ...] | None = None,
    ) -> None:
        self.tree, self._starter, self._user, self._numbers = tree, starter, user, numbers
        self._waited = waited
        self._processes: dict[int, Process] = {}
        self._forking: dict[int, None] = {}  # processes in a clone that has not returned, oldest first
        self._seen: set[tuple[int, str]] = set()
        self._dispositions = Dispositions()
        self.calls = 0  # of all processes, so far
        self.foreign: set[str] = set()  # calls by another table than the 64-bit one
        self.crashed: str | None = None  # the signal that ends the first process, though the kernel spares it
        self.main_pid: int | None = None
        self.main: Record | None = None  # the latest that the main process executed
        self.before: list[Record] = []  # what it executed before that: scripts, gosu; the first STEPS
        self.more_before = 0  # the others
        self.init: Record | None = None  # that starts the main process, and waits for it
        self.others: dict[bytes, Record] = {}  # what other processes executed, by executable
        self.sockets = Sockets()
        self.ended: Ended | None = None  # how the first process ended
        self.executed = 0  # programs, by whomever
        self._handlers: dict[str, Callable[[Process, Call], None]] = {
            **dict.fromkeys(PATH_ARGUMENTS, self._path),
            **dict.fromkeys(_CHOICES, self._choice),
            **dict.fromkeys(("setuid", "setreuid", "setresuid"), set_uid),
            **dict.fromkeys(("setgid", "setregid", "setresgid"), set_gid),
            "setgroups": set_groups,
            "chdir": self._chdir,
            "fchdir": self._chdir,
            "umask": set_umask,
            "mmap": self._mmap,
            "socket": self._socket,
            "socketpair": self._socket,
            "bind": self._bind,
            "listen": self._listen,
            "connect": self._connect,
        }

    def size(self) -> int:
        """How much is known; grows as long as something new is seen."""
        own = self.main.size() if self.main else 0
        return own + len(self.before) + sum(record.size() for record in self.others.values())

    def waited_for(self) -> tuple[bytes, ...]:
        """The programs that the main process has started and that have not ended, sorted."""
        children = [each for each in self._processes.copy().values() if each.of_main and not each.main]
        return tuple(sorted({each.record.executable for each in children}))

    def living(self) -> tuple[int, ...]:
        """Processes and threads that have not ended, as the log numbers them."""
        return tuple(self._processes.copy())

    def processes(self) -> tuple[int, ...]:
        """Processes that have not ended, each once whatever threads it has, as the log numbers them."""
        return tuple({id(process): pid for pid, process in self._processes.copy().items()}.values())

    def feed(self, event: Event) -> None:
        if isinstance(event, Call):
            self._call(event)
        elif isinstance(event, Entered):
            if event.name in _FORKS:
                self._forking[event.pid] = None
        elif isinstance(event, Superseded):
            self._processes.pop(event.by, None)
        elif isinstance(event, Signalled):
            process = self._processes.get(event.pid)
            if process is not None and process.first and self._dispositions.ends_by(event):
                self.crashed = event.name
                self.ended = self.ended or Ended(event.pid, None, event.name)
        else:
            if event.pid == self.main_pid:
                self.ended = self.ended or event
            self._processes.pop(event.pid, None)
            self._forking.pop(event.pid, None)

    # ---- processes ----

    def _call(self, call: Call) -> None:
        self.calls += 1
        process = self._processes.get(call.pid) or self._newborn(call.pid)
        if process is None:
            if call.name == "execve":
                self._start(call)
            return
        if process.first:
            self._dispositions.call(call)
        self._note(process, call)
        if call.name in _FORKS:
            self._forked(call, process)
        elif call.name in EXECUTING:
            self._exec(call, process)
        elif (handler := self._handlers.get(call.name)) is not None:
            handler(process, call)

    def _note(self, process: Process, call: Call) -> None:
        if call.foreign:
            if len(self.foreign) < LIMIT:
                self.foreign.add(call.name)
            return
        name = self._numbers.get(call.number, call.name) if call.number is not None else call.name
        key = id(process.record), name
        if key not in self._seen:
            self._seen.add(key)
            process.record.calls[name] = "" if name in PATH_ARGUMENTS else _shown(call)

    def _start(self, call: Call) -> None:
        """The execve of the starter makes its process the first one."""
        arguments, result = call.split()
        if (
            self.main_pid is None
            and not strace.failed(result)
            and strace.string(arguments[0]) == self._starter
        ):
            self.main_pid = call.pid
            record = Record(self._starter, None, None, b"/", self._user)
            self._processes[call.pid] = Process(record, b"/", self._user, True, True)

    def _newborn(self, pid: int) -> Process | None:
        """A process whose parent's clone has not returned yet: the only one that is in it, or the latest."""
        if not self._forking:
            return None
        parent = self._processes.get(next(reversed(self._forking)))
        return None if parent is None else self._child(pid, parent)

    def _child(self, pid: int, parent: Process) -> Process:
        heir = parent.main and parent.record.executable.rpartition(b"/")[2] in _INITS
        child = replace(parent, first=False, main=heir, of_main=parent.main)
        if heir:
            parent.main, self.init = False, parent.record
        if len(self._processes) < _MAX_PROCESSES:
            self._processes[pid] = child
        return child

    def _forked(self, call: Call, process: Process) -> None:
        self._forking.pop(call.pid, None)
        arguments, result = call.split()
        number = None if strace.failed(result) else strace.process_number(result)
        flags = " ".join(arguments)
        thread = "CLONE_THREAD" in flags
        if call.name == "clone":
            process.record.choose("clone.flags", clone_flags(flags), "clone")
        if number is None:
            return
        if thread:
            self._processes[number] = process
            return
        process.record.forks += 1
        if number not in self._processes:
            self._child(number, process)

    def _exec(self, call: Call, process: Process) -> None:
        arguments, result = call.split()
        if strace.failed(result):
            return
        at = 0 if call.name == "execve" else 1
        path = strace.string(arguments[at]) if len(arguments) > at else None
        folder = process.cwd if at == 0 else strace.descriptor(arguments[0]) or process.cwd
        full = b"/" if path is None else absolute(path, folder) if path else folder
        if is_itself(full):
            full = self._loaded(process)
        for each in touched(self.tree, full):
            process.record.note(process.record.files, each, call.name)
        process.record.choose("execve.path", full.decode("utf-8", "surrogateescape"), call.name)
        argv, env = (strace.strings(arguments[i]) if len(arguments) > i else None for i in (at + 1, at + 2))
        previous = process.record
        record = Record(full, argv, env, process.cwd, process.user, process.umask, by=previous.executable)
        self.executed += 1
        main = process.main or self._is_waited_for(process, argv)
        if main:
            if self.main is not None and len(self.before) < STEPS:
                self.before.append(self.main)
            elif self.main is not None:
                self.more_before += 1
            self.main = record
        else:
            previous.children[full] = previous.children.get(full, 0) + 1
            previous.forks -= 1
            if len(self.others) < LIMIT:
                record = self.others.setdefault(full, record)
        for each in touched(self.tree, full):
            record.note(record.files, each, "executed")
        # Not changed in place: threads that share the object are gone, a vfork's parent is not.
        self._processes[call.pid] = replace(process, record=record, main=main)

    def _is_waited_for(self, process: Process, argv: tuple[bytes, ...] | None) -> bool:
        """The first process stays a main one, in case that its script executes something after all."""
        return argv is not None and argv == self._waited != process.record.argv and process.of_main

    def _loaded(self, process: Process) -> bytes:
        """The file that a process runs, which is a script's interpreter."""
        record = process.record
        try:
            return find_executable(self.tree, record.executable, record.cwd, record.user).loaded_real_path
        except IncompatibleImageError:  # it was made by the program
            return record.executable

    # ---- what a call uses ----

    def _path(self, process: Process, call: Call) -> None:
        arguments, result = call.split()
        good = not strace.failed(result)
        for place in PATH_ARGUMENTS[call.name]:
            if len(arguments) <= place.index:
                continue
            path = strace.string(arguments[place.index])
            if path is None:
                continue
            folder = process.cwd
            if place.folder is not None:
                folder = strace.descriptor(arguments[place.folder]) or folder
                if arguments[place.folder].startswith("AT_FDCWD"):
                    process.cwd = folder
            if not path and ("AT_EMPTY_PATH" not in arguments[-1] or virtual(folder) is not None):
                continue  # an open file of a made file system was noted when it was opened
            follow = place.follow and "NOFOLLOW" not in arguments[-1]
            full = absolute(path, folder) if path else folder
            if not full.startswith(b"/"):  # a pipe, a socket
                continue
            self._touch(process, call.name, full, good=good, follow=follow)
            writes = call.name in OPENING and opens_for_writing(call.name, arguments)
            if writes and virtual(full) is None:
                process.record.choose("open.for", "writing", call.name)

    def _touch(self, process: Process, name: str, path: bytes, *, good: bool, follow: bool) -> None:
        record = process.record
        value = virtual(path)
        if value is not None:  # not of the image; asked for is needed, there or not
            if name in OPENING:
                record.choose("open.path", value.decode("utf-8", "surrogateescape"), name)
            else:
                record.note(record.files, value, name)
            return
        if not good:
            return
        for each in touched(self.tree, path, follow=follow):
            record.note(record.files, each, name)

    def _mmap(self, process: Process, call: Call) -> None:
        if "PROT_EXEC" not in call.text:
            return
        arguments, result = call.split()
        path = strace.descriptor(arguments[4]) if len(arguments) > 4 and not strace.failed(result) else None
        inode = None if path is None else self.tree.get(path)
        if path is not None and inode is not None and inode.kind is FileKind.REGULAR:
            process.record.note(process.record.libraries, path, "mapped to be executed")

    def _choice(self, process: Process, call: Call) -> None:
        at = _CHOICES[call.name]
        arguments, _ = call.split()
        if len(arguments) > at and arguments[at].startswith(("0x", "0")):
            value = str(int(arguments[at], 16) & 0xFFFFFFFF)
            process.record.choose(call.name, value, f"{call.name}({arguments[at]})")

    def _socket(self, process: Process, call: Call) -> None:
        arguments, result = call.split()
        if len(arguments) < 2:
            return
        kind = socket_type(arguments[1])
        domain = arguments[0].replace("AF_LOCAL", "AF_UNIX")
        process.record.choose("socket.domain", socket_number(domain), f"{call.name}({domain})")
        process.record.choose("socket.type", socket_number(kind), f"{call.name}({domain}, {kind})")
        if call.name == "socket" and len(arguments) > 2:
            process.record.choose("socket.protocol", socket_number(arguments[2]), f"socket({domain}, {kind})")
        name = strace.descriptor(result)
        if name is not None:
            self.sockets.made(name, domain, kind)

    def _bind(self, process: Process, call: Call) -> None:
        self._address(process, call, self.sockets.bound)

    def _connect(self, process: Process, call: Call) -> None:
        self._address(process, call, self.sockets.connects, also_failed=True)

    def _listen(self, process: Process, call: Call) -> None:
        arguments, result = call.split()
        name = strace.descriptor(arguments[0]) if arguments and not strace.failed(result) else None
        if name is not None and len(process.record.sockets) < LIMIT:
            process.record.sockets.setdefault(self.sockets.listens(name), call.name)

    def _address(
        self,
        process: Process,
        call: Call,
        look: Callable[[bytes, str], str | None],
        *,
        also_failed: bool = False,
    ) -> None:
        arguments, result = call.split()
        name = strace.descriptor(arguments[0]) if len(arguments) > 1 else None
        if name is None or (strace.failed(result) and not also_failed):
            return
        text = look(name, arguments[1])
        if text is not None and len(process.record.sockets) < LIMIT:
            process.record.sockets.setdefault(text, call.name)

    # ---- who and where ----

    def _chdir(self, process: Process, call: Call) -> None:
        arguments, result = call.split()
        if strace.failed(result) or not arguments:
            return
        if call.name == "fchdir":
            path = strace.descriptor(arguments[0])
        else:
            text = strace.string(arguments[0])
            path = None if text is None else absolute(text, process.cwd)
            if path is not None:
                self._touch(process, call.name, path, good=True, follow=True)
        if path is not None:
            *_, process.cwd = (path, *touched(self.tree, path))


def _shown(call: Call) -> str:
    """The call for people: without addresses and numbers, which differ from run to run."""
    arguments, _ = call.split()
    words = [each for each in arguments if re.fullmatch(r"[A-Z][A-Z0-9_|]*", each)]
    return f"{call.name}({', '.join(words)})"
