"""`docker u2k`: what docker's plug-in runs (docker_plugin/stub.py). The verbs are those of `u2k`."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

_INTERRUPT = signal.getsignal(signal.SIGINT)
if __name__ == "__main__" and _INTERRUPT is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # as converter/__main__.py does, while modules are loaded

if TYPE_CHECKING:
    from typer.core import TyperGroup

NAME = "docker u2k"


def command_tree() -> TyperGroup:
    """The verbs, in whose help the command is called as the user has called it."""
    import typer.main
    from typer.core import TyperGroup

    from converter.cli.main import app

    root = typer.main.get_command(app)
    assert isinstance(root, TyperGroup)
    # docker brings the completion of its plug-ins; these would write a script for a command of another name.
    root.params = [each for each in root.params if each.name not in ("install_completion", "show_completion")]
    for command in (root, *root.commands.values()):
        command.epilog = (command.epilog or "").replace("\n  u2k ", f"\n  {NAME} ")
    return root


@contextmanager
def docker_environment(options: dict[str, str]) -> Iterator[None]:
    """docker's global options as the variables that all of u2k looks at. Errors: UsageError."""
    import tempfile
    from pathlib import Path

    from converter.docker_plugin.invocation import certificates, environment

    for name, value in environment(options).items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
    usual = (
        os.environ.get("DOCKER_CERT_PATH")
        or os.environ.get("DOCKER_CONFIG")
        or str(Path("~/.docker").expanduser())
    )
    files = certificates(options, usual)
    if not files:
        yield
        return
    with tempfile.TemporaryDirectory(prefix="u2k-tls-") as folder:
        for name, path in files.items():
            if Path(path).exists():
                Path(folder, name).symlink_to(path)
        os.environ["DOCKER_CERT_PATH"] = folder
        yield


def command(words: Sequence[str]) -> None:
    """Do what docker asked for with these words."""
    from converter.docker_plugin.client import follow_client
    from converter.docker_plugin.completion import answer
    from converter.docker_plugin.invocation import invocation

    asked = invocation(words)
    if asked.complete:
        print(answer(command_tree(), asked.words, NAME))
        return
    follow_client()
    with docker_environment(dict(asked.options)):
        command_tree().main(args=list(asked.words), prog_name=NAME)


def main() -> None:
    """Entry point of the stub."""
    from converter.cli.main import main as ending

    signal.signal(signal.SIGINT, _INTERRUPT)
    ending(lambda: command(sys.argv[1:]))


if __name__ == "__main__":
    main()
