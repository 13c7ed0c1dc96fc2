"""What is known of a run: one JSON file, written by who looks after the run and read by everybody."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from converter.errors import RunError
from converter.runs.identity import ProcessIdentity

SCHEMA = 1
STATE = "state.json"
Status = Literal["starting", "running", "exited"]
HealthStatus = Literal["starting", "healthy", "unhealthy", "unknown"]


@dataclass(frozen=True, slots=True)
class Health:
    """What checks from the host have found. `why`: of the last failure, or why nothing can be known."""

    status: HealthStatus
    failures: int = 0  # in a row
    why: str = ""


@dataclass(frozen=True, slots=True)
class RunState:
    """Times are in seconds since 1970, 0 for what has not been yet.

    what:      unikernel or image, as the user named it
    published: as `docker ps` has it: `0.0.0.0:8080->80/tcp`
    keeper:    the process that looks after the run
    remove:    nothing is to be left of it at the end
    recorded:  its output is in the log, and not on a terminal
    """

    name: str
    what: str
    command: tuple[str, ...]
    created: float
    keeper: ProcessIdentity
    stop_signal: int = 15
    published: tuple[str, ...] = ()
    remove: bool = False
    recorded: bool = True
    status: Status = "starting"
    started: float = 0
    finished: float = 0
    exit_code: int | None = None
    error: str = ""
    health: Health | None = None
    schema: int = SCHEMA

    @property
    def going(self) -> bool:
        """Whether it starts or runs, and somebody is there to look after it."""
        return self.status != "exited" and self.keeper.alive()

    @property
    def orphaned(self) -> bool:
        """Who looked after it was killed, and with that the program."""
        return self.status != "exited" and not self.keeper.alive()


def write_state(folder: Path, state: RunState) -> None:
    """Whole or not at all. Errors: OSError."""
    temporary = folder / f".{STATE}.{os.getpid()}"
    temporary.write_text(json.dumps(asdict(state), indent=1))
    temporary.replace(folder / STATE)


def read_state(folder: Path) -> RunState | None:
    """None if there is no such run. RunError if nobody can read what is there."""
    path = folder / STATE
    try:
        fields: dict[str, Any] = json.loads(path.read_bytes())
        if fields["schema"] != SCHEMA:
            raise ValueError("another format")
        health = fields.pop("health")
        state = RunState(
            **{
                **fields,
                "keeper": ProcessIdentity(**fields["keeper"]),
                "health": None if health is None else Health(**health),
            }
        )
        return replace(state, command=tuple(state.command), published=tuple(state.published))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise RunError(
            f"what is known of the run {folder.name} cannot be read: {error}",
            where=str(path),
            hint=f"if it does not run any more: rm -r {folder}",
        ) from error
