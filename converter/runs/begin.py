"""Starting a run that has a name: in the foreground, or by itself."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from converter.errors import RunError, U2kError
from converter.run.request import RunRequest
from converter.runs.background import Tell, in_background
from converter.runs.folder import claim, forget, name_taken, runs_folder
from converter.runs.health.watch import HealthWatch
from converter.runs.identity import this_process
from converter.runs.keeper import Keeper
from converter.runs.names import random_name
from converter.runs.record import LOG, Recorder
from converter.runs.state import Health, RunState, read_state, write_state

_TRIES = 100


@dataclass(frozen=True, slots=True)
class Named:
    """How the run is kept.

    name:     None: one is found
    what:     what the user named to be run
    detached: nobody waits for it, and its output is recorded
    remove:   nothing is left of it at the end
    """

    name: str | None
    what: str
    detached: bool = False
    remove: bool = False


def check_free(name: str | None) -> None:
    """Before anything long: RunError if a run has that name."""
    if name is not None and (runs_folder() / name).exists():
        raise name_taken(name)


def run_named(
    request: RunRequest,
    run: Callable[[RunRequest], int],
    named: Named,
    health: HealthWatch | Health | None,
) -> tuple[str, int]:
    """Its name, and its status; 0 for one that goes on by itself. Errors: as `run`; RunError for the name."""
    folder, state = _claimed(request, named, health if isinstance(health, Health) else None)
    watch = health if isinstance(health, HealthWatch) else None
    if not named.detached:
        return state.name, Keeper(folder, state, watch).keep(request, run)

    def begin(tell: Tell) -> None:
        own = replace(state, keeper=this_process())
        write_state(folder, own)
        recorder = Recorder(folder / LOG)
        recorder.begin()
        keeper = Keeper(folder, own, watch, recorder, started=lambda: tell(None))
        keeper.keep(request, run)

    try:
        in_background(begin, request.ports.release)
    except U2kError:
        there = read_state(folder)
        if there is not None and not there.started:
            forget(folder)
        raise
    return state.name, 0


def _claimed(request: RunRequest, named: Named, health: Health | None) -> tuple[Path, RunState]:
    state = RunState(
        name=named.name or random_name(),
        what=named.what,
        command=_command(request),
        created=time.time(),
        keeper=this_process(),
        stop_signal=int(request.manifest.stop_signal),
        published=tuple(map(str, request.ports.shown)),
        remove=named.remove,
        recorded=named.detached,
        health=health,
    )
    for _ in range(_TRIES):
        try:
            return claim(state), state
        except RunError:
            if named.name is not None:
                raise
            state = replace(state, name=random_name())
    raise RunError("no name is free", where="--name", hint="forget old runs: u2k rm NAME")


def _command(request: RunRequest) -> tuple[str, ...]:
    """What it is told to run, for people."""
    manifest = request.manifest
    given = [arg.decode(errors="replace") for arg in request.args]
    if request.entrypoint is not None:
        return (request.entrypoint.decode(errors="replace"), *given)
    return (*manifest.argv[: manifest.entrypoint_args or 0], *given) if given else manifest.argv
