"""The `u2k` command: its verbs, and how errors and interrupts end it."""

from __future__ import annotations

import signal
import sys

import typer

from converter.cli import convert, diff, doctor, explain, inspect, profile, run, version
from converter.errors import U2kError

app = typer.Typer(
    name="u2k",
    help="Stock Linux container images become unikernels: convert one, run it anywhere.",
    epilog="Example:  u2k convert python:3  then  u2k run python-3.u2k",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("convert", epilog=convert.EXAMPLES)(convert.command)
app.command("run", cls=run.RunCommand, epilog=run.EXAMPLES, context_settings=run.CONTEXT)(run.command)
app.command("inspect", epilog=inspect.EXAMPLES)(inspect.command)
app.command("profile", epilog=profile.EXAMPLES)(profile.command)
app.command("explain", epilog=explain.EXAMPLES)(explain.command)
app.command("diff", epilog=diff.EXAMPLES)(diff.command)
app.command("doctor", epilog=doctor.EXAMPLES)(doctor.command)
app.command("version", epilog=version.EXAMPLES)(version.command)


@app.callback()
def options(
    show_version: bool = typer.Option(False, "--version", help="Show the version and end.", is_eager=True),
) -> None:
    if show_version:
        version.command()
        raise typer.Exit


def _end(number: int, _: object) -> None:
    """What was begun is cleared away on the way out; a second signal does not disturb that."""
    signal.signal(number, signal.SIG_IGN)
    sys.exit(128 + number)


def main() -> None:
    """Entry point of the console script. Never shows a traceback unless U2K_DEBUG is set."""
    from converter.cli.failure import report, report_bug

    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:  # else somebody wants it ignored: nohup(1)
            signal.signal(number, _end)
    try:
        app()
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
