"""`u2k ps`: the runs that have a name."""

from __future__ import annotations

import shlex
import sys
import time
from typing import TYPE_CHECKING, Annotated

import typer

from converter.cli.examples import examples
from converter.cli.flags import Json

if TYPE_CHECKING:
    from converter.runs.state import RunState

EXAMPLES = examples("u2k ps", "u2k ps -a", "u2k ps --json | jq '.[].published'")
_COMMAND = 30  # characters
_UNITS = ((86400 * 2, 86400, "days"), (7200, 3600, "hours"), (120, 60, "minutes"), (0, 1, "seconds"))


def command(
    everything: Annotated[bool, typer.Option("-a", "--all", help="Those that have ended as well.")] = False,
    as_json: Json = False,
) -> None:
    """Show the runs that were started with -d or --name: what they run, how they are, their ports."""
    from converter.runs.folder import known_runs

    found = [state for _, state in known_runs() if everything or state.going]
    if as_json:
        import json
        from dataclasses import asdict

        print(json.dumps([{**asdict(state), "orphaned": state.orphaned} for state in found], indent=2))
        return
    rows = [("NAME", "WHAT", "COMMAND", "CREATED", "STATUS", "PORTS"), *map(_row, found)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True))
        sys.stdout.write("  ".join(cells).rstrip() + "\n")


def _row(state: RunState) -> tuple[str, ...]:
    from converter.report.text import printable

    words = printable(shlex.join(state.command))
    words = words if len(words) <= _COMMAND else words[: _COMMAND - 3] + "..."
    ports = ", ".join(state.published) if state.going else ""
    return state.name, printable(state.what), words, f"{_since(state.created)} ago", _status(state), ports


def _status(state: RunState) -> str:
    """In docker's words."""
    if state.orphaned:
        return "Dead: it was killed with who looked after it"
    if state.status == "starting":
        return "Starting"
    if state.status == "exited":
        return f"Exited ({state.exit_code}) {_since(state.finished)} ago"
    health = state.health
    told = {"starting": " (health: starting)", "healthy": " (healthy)", "unhealthy": " (unhealthy)"}
    if health is None:
        return f"Up {_since(state.started)}"
    if health.status == "unknown":
        return f"Up {_since(state.started)}, health: unknown ({health.why})"
    return f"Up {_since(state.started)}{told[health.status]}"


def _since(then: float) -> str:
    seconds = max(int(time.time() - then), 0)
    number, unit = next((seconds // size, unit) for least, size, unit in _UNITS if seconds >= least)
    return f"{number} {unit.removesuffix('s') if number == 1 else unit}"
