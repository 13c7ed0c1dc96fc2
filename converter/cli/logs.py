"""`u2k logs`: what a run has said."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

from converter.cli.completion import run_names
from converter.cli.examples import examples

if TYPE_CHECKING:
    from converter.runs.record import Piece

EXAMPLES = examples("u2k logs web", "u2k logs -f --tail 20 web", "u2k logs -t web 2>/dev/null")


def command(
    name: Annotated[
        str, typer.Argument(metavar="NAME", show_default=False, help="A run.", autocompletion=run_names)
    ],
    follow: Annotated[
        bool, typer.Option("-f", "--follow", help="Go on with what it says, to its end.")
    ] = False,
    tail: Annotated[
        int | None, typer.Option("--tail", "-n", metavar="N", min=0, help="Only its last N lines.")
    ] = None,
    timestamps: Annotated[bool, typer.Option("-t", "--timestamps", help="Each line with its time.")] = False,
) -> None:
    """Print what a run wrote, on standard output and standard error as it did."""
    import threading

    from converter.errors import RunError
    from converter.runs.control import asked
    from converter.runs.folder import folder_of
    from converter.runs.record import LOG, followed
    from converter.runs.state import read_state

    folder = folder_of(name)
    state = read_state(folder)
    if state is not None and not state.recorded:
        raise RunError(
            "its output was not recorded: it ran in the foreground",
            where=name,
            hint="start it with -d to have it recorded",
        )
    if not (folder / LOG).exists():
        return
    ended = None
    if follow:
        ended = threading.Event()

        def wait(told: threading.Event = ended) -> None:
            try:
                asked(folder, {"wait": True})
            finally:
                told.set()

        threading.Thread(target=wait, daemon=True).start()
    for piece in followed(folder / LOG, tail, ended):
        _write(piece, timestamps)


def _write(piece: Piece, timestamps: bool) -> None:
    data = piece.data
    if timestamps:
        from datetime import UTC, datetime

        when = datetime.fromtimestamp(piece.time / 1e9, UTC).isoformat(timespec="microseconds")
        data = b"".join(f"{when} ".encode() + line for line in data.splitlines(keepends=True))
    view = memoryview(data)
    while view:
        view = view[os.write(piece.stream, view) :]
