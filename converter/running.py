"""From what a user names to a run of it: a unikernel file as it is, an image as the unikernel kept of it."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from converter.image.progress import Progress
from converter.link.manifest import Manifest, read_manifest
from converter.options import Options
from converter.run.choose import choose_runner
from converter.run.memory import parse_size
from converter.run.network.host_ports import open_ports
from converter.run.network.model import Network
from converter.run.network.plan import NetworkOptions, planned
from converter.run.request import RunRequest, checked_hostname, environment_entry
from converter.run.unikernel_file import is_unikernel


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How a program runs: the options of `u2k run`, in its words.

    on:          auto, process or qemu; machine: one of QEMU's, as in ``microvm,acpi=off``
    memory:      as in ``64M``; None: what it needs
    env:         NAME=value, or NAME for the value that it has here
    entrypoint:  instead of the image's; None: as the image has it
    interactive: standard input is passed on; terminal: the three streams are one terminal
    adapt:       arguments get the single-process option of their program
    fast_calls:  traps at one place before its system call is rewritten; 0: never; None: the platform's
    verbose:     the library OS logs also what programs do without
    """

    on: str = "auto"
    machine: str | None = None
    memory: str | None = None
    env: Sequence[str] = ()
    entrypoint: str | None = None
    interactive: bool = False
    terminal: bool = False
    hostname: str | None = None
    network: NetworkOptions = field(default_factory=NetworkOptions)
    adapt: bool = True
    fast_calls: int | None = None
    verbose: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """A unikernel to run, and the words that it does not have in it already.

    image: what it was made of, if it was made for this run
    """

    path: Path
    manifest: Manifest
    image: str | None
    args: Sequence[str]
    env: Sequence[bytes]
    entrypoint: str | None


def find(
    what: str, args: Sequence[str], how: RunOptions, options: Options, progress: Progress | None = None
) -> Found:
    """The file that is named, or the one for the image, which is converted if none is kept of it.

    options: how an image is converted; its entrypoint, arguments and environment are those of the run
    Errors: UsageError, and as `convert`.
    """
    given = (environment_entry(text, os.environb) for text in how.env)
    variables = [entry for entry in given if entry is not None]
    path = Path(what)
    if is_unikernel(path):
        return Found(path, read_manifest(path), None, args, variables, how.entrypoint)
    from converter.conversion_cache.running import unikernel_to_run
    from converter.image.progress import Silent

    wanted = replace(
        options,
        entrypoint=None if how.entrypoint is None else (how.entrypoint,),
        args=tuple(args),
        env=tuple(map(os.fsdecode, variables)),
        adapt=how.adapt,
    )
    path, has_words = unikernel_to_run(what, wanted, progress or Silent())
    left, unset = ((), ()) if has_words else (args, variables)
    return Found(path, read_manifest(path), what, left, unset, None)


def request(found: Found, how: RunOptions, network: Network) -> RunRequest:
    """The run, with its ports bound: close them. Errors: UsageError; RunError for a port that is taken."""
    return RunRequest(
        unikernel=found.path,
        manifest=found.manifest,
        args=[os.fsencode(arg) for arg in found.args],
        env=found.env,
        entrypoint=None if found.entrypoint is None else os.fsencode(found.entrypoint),
        memory=None if how.memory is None else parse_size(how.memory),
        interactive=how.interactive,
        terminal=how.terminal,
        log_level=3 if how.verbose else 2,
        hostname=None if how.hostname is None else checked_hostname(how.hostname),
        network=network,
        ports=open_ports(network.publications),
        adapt=how.adapt,
        fast_calls=how.fast_calls,
    )


def run_found(found: Found, how: RunOptions) -> int:
    """Run it in the foreground, with this process's streams; its status. Errors: UsageError, RunError."""
    asked = request(found, how, planned(how.network, found.manifest))
    sys.stdout.flush()  # what was said before comes before what the program says
    with asked.ports:
        return choose_runner(how.on, found.manifest, how.machine).run(asked)
