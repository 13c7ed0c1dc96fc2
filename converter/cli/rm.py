"""`u2k rm`: forget runs that have ended."""

from __future__ import annotations

from typing import Annotated

import typer

from converter.cli.completion import run_names
from converter.cli.examples import examples

EXAMPLES = examples("u2k rm web", "u2k rm -f web db")


def command(
    names: Annotated[
        list[str],
        typer.Argument(metavar="NAME...", show_default=False, help="Runs.", autocompletion=run_names),
    ],
    force: Annotated[
        bool, typer.Option("-f", "--force", help="Kill those that run; no error for what is not there.")
    ] = False,
) -> None:
    """Forget runs, with all that they have said. Prints the names.

    Exit status: 1 for a run that has not ended, or that there is not.
    """
    from converter.errors import RunError
    from converter.runs.control import asked
    from converter.runs.folder import folder_of, forget
    from converter.runs.state import read_state

    for name in dict.fromkeys(names):
        try:
            folder = folder_of(name)
        except RunError:
            if force:
                continue
            raise
        state = read_state(folder)
        if state is not None and state.going:
            if not force:
                raise RunError("it runs", where=name, hint=f"u2k stop {name}; or kill it: u2k rm -f {name}")
            asked(folder, {"kill": True})
        forget(folder)
        print(name)
