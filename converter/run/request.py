"""What a run is asked to be, and the interface that every way of running has."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol
from urllib.parse import quote_from_bytes

from converter.analyze.adaptation import recorded
from converter.errors import UsageError
from converter.link.manifest import Manifest
from converter.run.network.address import ip_tokens
from converter.run.network.host_ports import HostPorts
from converter.run.network.model import Interface, Network


@dataclass(frozen=True, slots=True)
class Started:
    """A program that runs now. Both may be called from any thread, also after it has ended."""

    signal: Callable[[int], None]  # gives it a signal
    kill: Callable[[], None]  # ends it, whatever it does; its status is that of SIGKILL


@dataclass(frozen=True, slots=True)
class RunRequest:
    """One run of one unikernel file. `args` replace the image's CMD; empty: as the image has it."""

    unikernel: Path
    manifest: Manifest
    args: Sequence[bytes] = ()
    env: Sequence[bytes] = ()  # NAME=value
    entrypoint: bytes | None = None  # replaces ENTRYPOINT and drops CMD
    memory: int | None = None  # bytes
    interactive: bool = False  # standard input is passed on
    terminal: bool = False  # the three streams are one terminal
    log_level: int = 2  # u2k/log.h
    hostname: str | None = None
    watch: Callable[[str], bool] | None = None  # sees each line of the log; True: the user need not
    network: Network = field(default_factory=Network)
    ports: HostPorts = field(default_factory=HostPorts)  # those that the network publishes, bound already
    adapt: bool = True  # arguments that are given get the single-process option that the image's got
    fast_calls: int | None = None  # traps at one place before its call is rewritten; 0: never (u2k/boot.h)
    started: Callable[[Started], None] | None = None  # called once, in the thread that called `run`

    @property
    def raw_terminal(self) -> bool:
        """Whether the library OS edits lines, so that the host's terminal must not."""
        return self.terminal and "tty" in self.manifest.parts


class Runner(Protocol):
    """A way to run: `available` says why not, or None; `run` returns the program's status.

    Errors of `run`: RunError; the program's own failures are its status.
    """

    name: str

    def available(self, manifest: Manifest) -> str | None: ...

    def run(self, request: RunRequest) -> int: ...


def boot_tokens(
    request: RunRequest, size: tuple[int, int] | None = None, devices: Sequence[Interface] = ()
) -> list[str]:
    """The command line tokens (u2k/boot.h) for what differs from the boot record.

    size:    rows and columns of the terminal, if the streams are one
    devices: the network interfaces that the platform gives it, in their order
    """
    tokens = [f"u2k.loglevel={request.log_level}"]
    tokens += [f"u2k.env={_encoded(entry)}" for entry in request.env]
    args = _adapted(request) if request.adapt else list(request.args)
    program = request.entrypoint
    if program is None and args and request.manifest.entrypoint_args is None:
        raise UsageError(
            "its arguments cannot be replaced: an entrypoint script was read for those that it has",
            where=str(request.unikernel),
            hint="convert the image again, with u2k convert --args 'ARGS', or run the image itself",
        )
    if program is None and args and request.manifest.entrypoint_args == 0:
        # No ENTRYPOINT: the first argument is the program, looked up in PATH.
        program = args.pop(0)
    if program is not None:
        tokens.append(f"u2k.exec={_encoded(program)}")
    # The library OS keeps the boot record's ENTRYPOINT, or the new program's name, in front of these.
    tokens += [f"u2k.arg={_encoded(arg)}" for arg in args]
    if request.hostname:
        tokens.append(f"u2k.hostname={_encoded(request.hostname.encode())}")
    if request.fast_calls is not None:
        tokens.append(f"u2k.fastcalls={request.fast_calls}")
    if size is not None:
        tokens.append(f"u2k.tty={size[0]}x{size[1]}")
    tokens += ip_tokens(devices)
    return tokens


def _adapted(request: RunRequest) -> list[bytes]:
    """Arguments as the image's own were adapted, if they are of the same program."""
    manifest, args = request.manifest, tuple(request.args)
    if not (args or request.entrypoint):
        return []
    before = tuple(map(os.fsencode, manifest.argv[: manifest.entrypoint_args or 0]))
    if request.entrypoint is not None:
        before = (request.entrypoint,)
    for fields in manifest.adaptations:
        made, argv = recorded(fields), before + args
        if argv[0].rpartition(b"/")[2] == os.fsencode(made.program):
            args = made.applied(argv, max(len(before), 1))[len(before) :]
    return list(args)


def _encoded(value: bytes) -> str:
    return quote_from_bytes(value, safe="/:=,.-_")


def checked_hostname(name: str) -> str:
    """`name` if a host can be called so: sethostname(2) takes 64 bytes. UsageError otherwise."""
    if not re.fullmatch(r"[A-Za-z0-9_.-]{1,64}", name):
        raise UsageError(
            f"{name!r} is no name of a host",
            where="--hostname",
            hint="take up to 64 letters, digits, . _ and -",
        )
    return name


def environment_entry(text: str, host: Mapping[bytes, bytes]) -> bytes | None:
    """`NAME=value` as it is; `NAME` alone takes the host's value, None if it has none (docker's rule)."""
    entry = text.encode("utf-8", "surrogateescape")
    name, equals, _ = entry.partition(b"=")
    if not name:
        raise UsageError(f"{text!r} sets no variable", where="-e", hint="write NAME=value")
    if equals:
        return entry
    return name + b"=" + host[name] if name in host else None
