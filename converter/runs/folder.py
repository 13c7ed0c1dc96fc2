"""Where runs are written down: a folder each, $XDG_STATE_HOME/u2k/runs/NAME (XDG Base Directory)."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from converter.errors import OutputError, RunError
from converter.runs.names import is_name
from converter.runs.state import RunState, read_state, write_state


def runs_folder() -> Path:
    """For the user alone: environment and output may be private. OutputError if it cannot be made."""
    xdg = os.environ.get("XDG_STATE_HOME")
    root = Path(xdg) if xdg and Path(xdg).is_absolute() else Path.home() / ".local" / "state"
    folder = root / "u2k" / "runs"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"the folder of runs cannot be made: {error.strerror}",
            where=str(folder),
            hint="set XDG_STATE_HOME to a folder that can be written",
        ) from error
    return folder


def claim(state: RunState) -> Path:
    """The folder of a new run. Of several who want one name exactly one gets it, the others a RunError.

    It is made elsewhere and renamed, so that nobody ever sees half of one: rename(2) replaces no folder that
    has something in it.
    """
    runs = runs_folder()
    made = Path(tempfile.mkdtemp(prefix=".new-", dir=runs))
    try:
        write_state(made, state)
        made.rename(runs / state.name)
    except OSError as error:
        shutil.rmtree(made, ignore_errors=True)
        if (runs / state.name).exists():
            raise name_taken(state.name) from error
        raise OutputError(f"a run cannot be written down: {error.strerror}", where=str(runs)) from error
    return runs / state.name


def name_taken(name: str) -> RunError:
    """The error for a name that another run has."""
    return RunError(
        f"there is a run of the name {name}",
        where="--name",
        hint=f"choose another; or end and forget that one: u2k rm -f {name}",
    )


def folder_of(name: str) -> Path:
    """RunError if there is no such run."""
    folder = runs_folder() / name
    if not is_name(name) or read_state(folder) is None:
        raise RunError("there is no run of this name", where=name[:80], hint="u2k ps -a shows all")
    return folder


def known_runs() -> Iterator[tuple[Path, RunState]]:
    """All, the latest first. What cannot be read is passed over: it is named when it is asked for."""
    found = []
    for folder in runs_folder().iterdir():
        try:
            state = None if folder.name.startswith(".") else read_state(folder)
        except RunError:
            continue
        if state is not None:
            found.append((folder, state))
    yield from sorted(found, key=lambda each: each[1].created, reverse=True)


def forget(folder: Path) -> None:
    """Remove what is written of a run; its name is free from the first step on."""
    gone = folder.with_name(f".gone-{os.getpid()}-{folder.name}")
    try:
        folder.rename(gone)
    except FileNotFoundError:
        return
    shutil.rmtree(gone, ignore_errors=True)
