"""What `u2k run` does with its words: find or make the unikernel, connect it, run it, keep it by name."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from converter.errors import UsageError
from converter.link.manifest import Manifest, read_manifest
from converter.run.choose import choose_runner
from converter.run.memory import parse_size
from converter.run.network.host_ports import open_ports
from converter.run.network.plan import NetworkOptions, planned
from converter.run.request import Runner, RunRequest, checked_hostname, environment_entry
from converter.run.unikernel_file import is_unikernel
from converter.runs.begin import Named, check_free, run_named
from converter.runs.health.reach import health_watch, reachable, wanted_check
from converter.runs.names import checked_name


@dataclass(frozen=True, slots=True)
class Asked:
    """The words of the command line, as they were given.

    named:      the run is one that `u2k ps` shows; None: it is nobody's but ours
    fast_calls: see RunRequest
    """

    what: str
    args: list[str]
    on: str
    machine: str | None
    memory: str | None
    env: list[str]
    interactive: bool
    terminal: bool
    entrypoint: str | None
    hostname: str | None
    network: NetworkOptions
    named: Named | None
    healthcheck: bool
    fast_calls: int | None
    platform: str
    source: str
    allow_unsupported: bool
    adapt: bool
    verbose: bool
    trace: Path | None
    learn: bool
    profile: Path | None


@dataclass(frozen=True, slots=True)
class _Found:
    """The unikernel, and the words that it does not have in it already.

    image: what it was made of, if it was made now
    """

    path: Path
    image: str | None
    args: list[str]
    variables: list[bytes]
    entrypoint: str | None


def run_asked(asked: Asked) -> int:
    """The program's status, or 0 for one that goes on by itself. Errors: U2kError."""
    _check(asked)
    found = _found(asked)
    manifest = read_manifest(found.path)
    check = wanted_check(manifest) if asked.named is not None and asked.healthcheck else None
    network = reachable(planned(asked.network, manifest), check)
    request = RunRequest(
        unikernel=found.path,
        manifest=manifest,
        args=[os.fsencode(arg) for arg in found.args],
        env=found.variables,
        entrypoint=None if found.entrypoint is None else os.fsencode(found.entrypoint),
        memory=None if asked.memory is None else parse_size(asked.memory),
        interactive=asked.interactive,
        terminal=asked.terminal,
        log_level=3 if asked.verbose else 2,
        hostname=None if asked.hostname is None else checked_hostname(asked.hostname),
        network=network,
        ports=open_ports(network.publications),
        adapt=asked.adapt,
        fast_calls=asked.fast_calls,
    )

    def run(changed: RunRequest) -> int:
        return _watched(
            changed, lambda made: choose_runner(asked.on, made, asked.machine), asked, found.image
        )

    with request.ports as ports:
        for port in ports.shown if any(not each.hosts for each in network.publications) else ():
            print(f"u2k: published {port}", file=sys.stderr)
        if asked.named is None:
            return run(request)
        health = health_watch(manifest, network, ports.published, check)
        name, status = run_named(request, run, asked.named, health)
        if asked.named.detached:
            print(name)
        return status


def _check(asked: Asked) -> None:
    """What excludes each other, before anything long."""
    if asked.trace is not None and asked.learn:
        raise UsageError(
            "a tracing kernel has every part, so that nothing is missed",
            where="--trace and --learn",
            hint="take one of them",
        )
    if asked.profile is not None and not asked.learn:
        raise UsageError("it is for --learn", where="--profile", hint="add --learn")
    if asked.named is None:
        return
    if asked.named.detached and (asked.interactive or asked.terminal):
        raise UsageError(
            "what goes on by itself has neither terminal nor input",
            where="-d with -i or -t",
            hint="leave one of them away",
        )
    if asked.named.name is not None:
        check_free(checked_name(asked.named.name))


def _found(asked: Asked) -> _Found:
    """The file that was named, or the one for the image."""
    given = (environment_entry(text, os.environb) for text in asked.env)
    variables = [entry for entry in given if entry is not None]
    if is_unikernel(Path(asked.what)):
        return _Found(Path(asked.what), None, asked.args, variables, asked.entrypoint)
    path, made_for_them = _converted(asked, variables)
    return _Found(
        path, asked.what, [] if made_for_them else asked.args, [] if made_for_them else variables, None
    )


def _converted(asked: Asked, variables: list[bytes]) -> tuple[Path, bool]:
    """The image's unikernel, and whether it has arguments and environment in it already."""
    from converter.cli.progress import shown
    from converter.conversion_cache.running import unikernel_to_run
    from converter.image.platform import Platform
    from converter.options import Options

    options = Options(
        Platform.parse(asked.platform),
        source=asked.source,
        entrypoint=None if asked.entrypoint is None else (asked.entrypoint,),
        args=tuple(asked.args),
        env=tuple(map(os.fsdecode, variables)),
        allow_unsupported=asked.allow_unsupported,
        adapt=asked.adapt,
    )
    return unikernel_to_run(asked.what, options, shown())


def _watched(
    request: RunRequest, choose: Callable[[Manifest], Runner], asked: Asked, image: str | None
) -> int:
    from converter.trace.watched_run import run_learning, run_plainly, run_traced

    if asked.trace is not None:
        status, said = run_traced(request, choose, image, asked.trace)
    elif asked.learn:
        status, said = run_learning(request, choose, image, asked.profile)
    else:
        status, said = run_plainly(request, choose, image)
    for line in said:
        print(f"u2k: {line}", file=sys.stderr)
    return status
