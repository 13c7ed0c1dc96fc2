"""`u2k wait`: until runs have ended."""

from __future__ import annotations

from typing import Annotated

import typer

from converter.cli.completion import run_names
from converter.cli.examples import examples

EXAMPLES = examples("u2k wait job", "u2k wait first second")


def command(
    names: Annotated[
        list[str],
        typer.Argument(metavar="NAME...", show_default=False, help="Runs.", autocompletion=run_names),
    ],
) -> None:
    """Wait until runs have ended, and print the status of each."""
    from converter.errors import RunError
    from converter.runs.control import asked
    from converter.runs.folder import folder_of
    from converter.runs.state import read_state

    for name in names:
        folder = folder_of(name)
        status = asked(folder, {"wait": True})
        if status is None:
            state = read_state(folder)
            if state is None or state.exit_code is None:
                raise RunError(
                    "how it ended is not known: it was killed with who looked after it", where=name
                )
            status = state.exit_code
        print(status)
