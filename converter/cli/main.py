"""The `u2k` command: its verbs, and how errors and interrupts end it."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable

import typer

from converter.cli import (
    batch,
    build,
    cache,
    check,
    continuum,
    convert,
    diff,
    doctor,
    explain,
    export,
    inspect,
    login,
    logout,
    logs,
    plugin,
    profile,
    ps,
    pull,
    push,
    rm,
    run,
    slim,
    stop,
    version,
    wait,
)
from converter.cli.examples import examples
from converter.errors import U2kError

app = typer.Typer(
    name="u2k",
    help="Stock Linux container images become unikernels: convert one, run it anywhere.",
    epilog=examples("u2k convert python:3", "u2k run -i python-3.u2k python3 -c 'print(6 * 7)'"),
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("convert", short_help="Convert a container image into a unikernel.", epilog=convert.EXAMPLES)(
    convert.command
)
app.command("push", short_help="Push a unikernel to a registry.", epilog=push.EXAMPLES)(push.command)
app.command("pull", short_help="Pull a unikernel from a registry.", epilog=pull.EXAMPLES)(pull.command)
app.command("export", short_help="Write a unikernel as a disk or container image.", epilog=export.EXAMPLES)(
    export.command
)
app.command(
    "build",
    short_help="Build an image with the engine, then convert it.",
    cls=build.BuildCommand,
    epilog=build.EXAMPLES,
)(build.command)
app.command(
    "run",
    short_help="Run a unikernel, or an image.",
    cls=run.RunCommand,
    epilog=run.EXAMPLES,
    context_settings=run.CONTEXT,
)(run.command)
app.command("slim", short_help="Write a slim container of an image.", epilog=slim.EXAMPLES)(slim.command)
app.command(
    "continuum", short_help="Compare container and unikernel, every stop.", epilog=continuum.EXAMPLES
)(continuum.command)
app.command("ps", short_help="Show runs that have a name.", epilog=ps.EXAMPLES)(ps.command)
app.command("logs", short_help="Show what a run has said.", epilog=logs.EXAMPLES)(logs.command)
app.command("stop", short_help="End runs.", epilog=stop.EXAMPLES)(stop.command)
app.command("wait", short_help="Wait until runs have ended.", epilog=wait.EXAMPLES)(wait.command)
app.command("rm", short_help="Forget runs that have ended.", epilog=rm.EXAMPLES)(rm.command)
app.command("inspect", short_help="Show an image's layers, program and libraries.", epilog=inspect.EXAMPLES)(
    inspect.command
)
app.command("profile", short_help="Find what an image's program uses, and why.", epilog=profile.EXAMPLES)(
    profile.command
)
app.command("explain", short_help="Say why a system call, library or file is in.", epilog=explain.EXAMPLES)(
    explain.command
)
app.command("diff", short_help="Show how what two programs use differs.", epilog=diff.EXAMPLES)(diff.command)
app.add_typer(cache.app, name="cache", help="Show or prune what is kept between conversions.")
app.command("login", short_help="Log in to a registry.", epilog=login.EXAMPLES)(login.command)
app.command("logout", short_help="Forget a login for a registry.", epilog=logout.EXAMPLES)(logout.command)
app.command("check", short_help="Can this image be converted?", epilog=check.EXAMPLES)(check.command)
app.command("batch", short_help="Convert many images.", epilog=batch.EXAMPLES)(batch.command)
app.command("doctor", short_help="Show what this host can run.", epilog=doctor.EXAMPLES)(doctor.command)
app.command("version", short_help="Show the versions of u2k and its compiler.", epilog=version.EXAMPLES)(
    version.command
)
app.add_typer(plugin.app, name="plugin", short_help="Make `docker u2k` work.", epilog=plugin.EXAMPLES)


def _show_version(wanted: bool) -> None:
    """While options are read: no verb has to be there."""
    if wanted:
        version.command()
        raise typer.Exit


@app.callback()
def options(
    show_version: bool = typer.Option(
        False, "--version", help="Show the version and end.", is_eager=True, callback=_show_version
    ),
) -> None:
    pass


def _end(number: int, _: object) -> None:
    """What was begun is cleared away on the way out; a second signal does not disturb that."""
    signal.signal(number, signal.SIG_IGN)
    sys.exit(128 + number)


def _run() -> object:
    """The verb that the command line names, alone: making all of them takes longer than many a verb."""
    named = [each for each in app.registered_commands if each.name in sys.argv[1:2]]
    if named:
        app.registered_commands, app.registered_groups = named, []
    return app()


def main(command: Callable[[], object] = _run) -> None:
    """Entry point of the console script. Never shows a traceback unless U2K_DEBUG is set.

    command: what is done, as another caller of the verbs has it
    """
    from converter.cli.failure import report, report_bug

    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:  # else somebody wants it ignored: nohup(1)
            signal.signal(number, _end)
    try:
        command()
    except U2kError as error:
        report(error)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        # Whoever read our output has gone; there is nobody left to tell.
        sys.stderr.close()
        sys.exit(141)
    except Exception as error:
        report_bug(error)
        sys.exit(1)
