"""What `u2k run` does with its words: find or make the unikernel, connect it, run it, keep it by name."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from converter.cli.progress import shown
from converter.errors import UsageError
from converter.link.manifest import Manifest
from converter.options import Options
from converter.run.choose import choose_runner
from converter.run.network.plan import planned
from converter.run.request import Runner, RunRequest
from converter.running import RunOptions, find
from converter.running import request as request_of
from converter.runs.begin import Named, check_free, run_named
from converter.runs.health.reach import health_watch, reachable, wanted_check
from converter.runs.names import checked_name


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line asks for.

    options: how an image is converted
    named:   the run is one that `u2k ps` shows; None: it is nobody's but ours
    """

    what: str
    args: list[str]
    how: RunOptions
    options: Options
    named: Named | None
    healthcheck: bool
    trace: Path | None
    learn: bool
    profile: Path | None


def run_asked(asked: Asked) -> int:
    """The program's status, or 0 for one that goes on by itself. Errors: U2kError."""
    _check(asked)
    how = asked.how
    found = find(asked.what, asked.args, how, asked.options, shown())
    manifest = found.manifest
    check = wanted_check(manifest) if asked.named is not None and asked.healthcheck else None
    network = reachable(planned(how.network, manifest), check)
    request = request_of(found, how, network)

    def run(changed: RunRequest) -> int:
        return _watched(changed, lambda made: choose_runner(how.on, made, how.machine), asked, found.image)

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
    if asked.named.detached and (asked.how.interactive or asked.how.terminal):
        raise UsageError(
            "what goes on by itself has neither terminal nor input",
            where="-d with -i or -t",
            hint="leave one of them away",
        )
    if asked.named.name is not None:
        check_free(checked_name(asked.named.name))


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
