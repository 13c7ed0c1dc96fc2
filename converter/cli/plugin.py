"""`u2k plugin`: u2k as a plug-in of docker's command line client."""

from __future__ import annotations

from typing import Annotated

import typer

from converter.cli.examples import examples
from converter.cli.flags import Force

EXAMPLES = examples("u2k plugin install", "u2k plugin status", "u2k plugin remove")
INSTALL_EXAMPLES = examples("u2k plugin install", "u2k plugin install --system")
REMOVE_EXAMPLES = examples("u2k plugin remove", "u2k plugin remove --system")
STATUS_EXAMPLES = examples("u2k plugin status", "u2k plugin status --system")

System = Annotated[
    bool, typer.Option("--system", help="For all users, in /usr/local/lib/docker/cli-plugins; needs root.")
]

app = typer.Typer(
    help="Make `docker u2k` work: a plug-in of docker's command line client that runs this u2k.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command("install", short_help="Put the plug-in where docker finds it.", epilog=INSTALL_EXAMPLES)
def install(system: System = False, force: Force = False) -> None:
    """Put the plug-in where docker finds it, over an older one; prints the file.

    That is $DOCKER_CONFIG/cli-plugins, by default ~/.docker/cli-plugins.
    """
    from converter.docker_plugin import installation

    path = installation.place(system=system)
    installation.install(path, force=force)
    print(path)


@app.command("remove", short_help="Take the plug-in away.", epilog=REMOVE_EXAMPLES)
def remove(system: System = False) -> None:
    """Take the plug-in away; prints the file, or nothing where there was none."""
    from converter.docker_plugin import installation

    path = installation.place(system=system)
    if installation.remove(path):
        print(path)


@app.command("status", short_help="Show whether the plug-in is there.", epilog=STATUS_EXAMPLES)
def status(system: System = False) -> None:
    """Show whether the plug-in is there and runs this u2k. Exit status: 0 if so, else 1."""
    from converter.docker_plugin import installation

    found = installation.status(installation.place(system=system))
    if not found.there:
        print(f"{found.path}: not installed")
    elif not found.ours:
        print(f"{found.path}: not of u2k")
    elif not found.current:
        print(f"{found.path}: of another u2k, or an older one; u2k plugin install replaces it")
    else:
        print(f"{found.path}: installed")
    raise typer.Exit(0 if found.current else 1)
