"""Options that run the image's program, and only then."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from converter.trace.request import TraceRequest

Trace = Annotated[
    bool,
    typer.Option(
        "--trace", help="Run the program in a sandbox of this host as well, and watch what it uses."
    ),
]
Probes = Annotated[
    list[str] | None,
    typer.Option(
        "--probe",
        metavar="URL",
        help="Trace, and ask this of it: http://:8080/path, 'tcp://:6379 PING'. Can be repeated.",
    ),
]
Exercises = Annotated[
    list[Path] | None,
    typer.Option(
        "--exercise",
        metavar="SCRIPT",
        help="Trace, and run this script of the host beside it. Can be repeated.",
    ),
]
TraceSeconds = Annotated[
    float, typer.Option("--trace-seconds", metavar="N", help="The longest that a trace may take.")
]


def trace_request(
    trace: bool, probes: list[str] | None, exercises: list[Path] | None, seconds: float
) -> TraceRequest | None:
    """What these options ask for; None: nothing is run. Errors: UsageError."""
    if not (trace or probes or exercises):
        return None
    from converter.errors import UsageError
    from converter.trace.request import TraceRequest, checked_exercise, parse_probe

    if not 0 < seconds < 86400:
        raise UsageError(
            f"{seconds:g} seconds make no trace", where="--trace-seconds", hint="from 0 to 86400"
        )
    return TraceRequest(
        probes=tuple(map(parse_probe, probes or ())),
        exercises=tuple(map(checked_exercise, exercises or ())),
        seconds=seconds,
    )
