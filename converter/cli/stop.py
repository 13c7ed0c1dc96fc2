"""`u2k stop`: a run ends, as its image wants to be told; by force if it does not."""

from __future__ import annotations

from typing import Annotated

import typer

from converter.cli.completion import going_run_names
from converter.cli.examples import examples

EXAMPLES = examples("u2k stop web", "u2k stop -t 60 db cache")


def command(
    names: Annotated[
        list[str],
        typer.Argument(metavar="NAME...", show_default=False, help="Runs.", autocompletion=going_run_names),
    ],
    seconds: Annotated[
        int,
        typer.Option(
            "-t", "--time", metavar="SECONDS", min=-1, help="How long it may take; -1: as it likes."
        ),
    ] = 10,
) -> None:
    """Send runs the image's STOPSIGNAL, and kill those that have not ended some seconds later.

    Prints the names of those that have ended, also of those that had before. A run that was killed has the
    status 137. Exit status: 1 if there is no such run.
    """
    from concurrent.futures import ThreadPoolExecutor

    from converter.runs.control import asked
    from converter.runs.folder import folder_of
    from converter.runs.state import read_state

    folders = {name: folder_of(name) for name in dict.fromkeys(names)}

    def stop(name: str) -> str:
        state = read_state(folders[name])
        if state is not None and state.going:
            asked(
                folders[name],
                {"stop": state.stop_signal, "seconds": None if seconds < 0 else seconds},
            )
        return name

    with ThreadPoolExecutor(max_workers=len(folders)) as workers:
        for name in workers.map(stop, folders):
            print(name)
