"""`u2k run`: a unikernel file, or an image (converted first), runs; its status becomes ours."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from converter.cli.examples import examples
from converter.cli.flags import AllowUnsupported, NoAdapt, PlatformName, Source, Verbose, explain, one_of
from converter.cli.run_flags import (
    Addresses,
    Detach,
    Macs,
    Name,
    Networks,
    NoHealthcheck,
    Publish,
    PublishAll,
    Remove,
)
from converter.errors import U2kError

STATUS_FAILED = 125  # any failure that is not the program's, as with docker run
_USAGE = 2

EXAMPLES = examples(
    "u2k run hello.u2k",
    "u2k run -i -e LANG=C python-3.u2k python3 -c 'print(1)'",
    "u2k run --on qemu -m 64M hello.u2k",
    "u2k run -d --name web -p 8080:80 nginx.u2k",
    "u2k run --network tap:tap0 --ip 10.0.0.2/24,gateway=10.0.0.1 app.u2k",
    "u2k run --learn app.u2k",
)
# What follows the file belongs to the program, whatever it looks like (docker run does the same).
CONTEXT = {"allow_interspersed_args": False, "ignore_unknown_options": False}


class RunCommand(TyperCommand):
    """A command whose own usage errors end with 125, so that 2 can only be the program's."""

    def make_context(self, *args: Any, **more: Any) -> Any:
        try:
            return super().make_context(*args, **more)
        except Exception as error:  # typer's versions differ in where the class of usage errors is
            if getattr(error, "exit_code", None) == _USAGE:
                vars(error)["exit_code"] = STATUS_FAILED
            raise


def command(
    what: Annotated[
        str, typer.Argument(metavar="FILE|IMAGE", show_default=False, help="A unikernel file, or an image.")
    ],
    args: Annotated[
        list[str] | None, typer.Argument(metavar="[ARGS]...", help="Replace the image's CMD.")
    ] = None,
    on: Annotated[
        str,
        typer.Option(
            "--on",
            metavar="WAY",
            help="auto, process or qemu.",
            autocompletion=one_of("auto", "process", "qemu"),
        ),
    ] = "auto",
    machine: Annotated[
        str | None,
        typer.Option(
            "--machine",
            metavar="NAME",
            help="QEMU machine: microvm, microvm,acpi=off, pc or q35.",
            autocompletion=one_of("microvm", "microvm,acpi=off", "pc", "q35"),
        ),
    ] = None,
    memory: Annotated[
        str | None, typer.Option("-m", "--memory", metavar="SIZE", help="64M, 1G; default: what it needs.")
    ] = None,
    env: Annotated[
        list[str] | None,
        typer.Option("-e", "--env", metavar="NAME[=VALUE]", help="Set an environment variable."),
    ] = None,
    interactive: Annotated[bool, typer.Option("-i", "--interactive", help="Pass standard input on.")] = False,
    terminal: Annotated[
        bool, typer.Option("-t", "--tty", help="The program's streams are this terminal.")
    ] = False,
    entrypoint: Annotated[
        str | None, typer.Option("--entrypoint", metavar="PROGRAM", help="Replace ENTRYPOINT, drop CMD.")
    ] = None,
    hostname: Annotated[
        str | None, typer.Option("--hostname", metavar="NAME", help="The name it sees as its own.")
    ] = None,
    detach: Detach = False,
    name: Name = None,
    remove: Remove = False,
    no_healthcheck: NoHealthcheck = False,
    publish: Publish = None,
    publish_all: PublishAll = False,
    networks: Networks = None,
    addresses: Addresses = None,
    macs: Macs = None,
    trace: Annotated[
        Path | None,
        typer.Option(
            "--trace",
            metavar="FILE",
            help="Run it with a kernel that tells what the program uses; added to the profile FILE.",
        ),
    ] = None,
    learn: Annotated[
        bool,
        typer.Option(
            "--learn",
            help="Add what it misses to its profile, NAME.profile.json beside it (or --profile).",
        ),
    ] = False,
    profile: Annotated[
        Path | None, typer.Option("--profile", metavar="FILE", help="With --learn: the profile to add to.")
    ] = None,
    fast_calls: Annotated[
        bool,
        typer.Option(
            "--fast-calls/--no-fast-calls",
            help="Process: rewrite system calls in memory, so that they do not trap.",
        ),
    ] = True,
    fast_calls_after: Annotated[
        int | None,
        typer.Option("--fast-calls-after", metavar="TRAPS", min=1, max=255, hidden=True),
    ] = None,
    platform: PlatformName = "linux/amd64",
    source: Source = "auto",
    no_adapt: NoAdapt = False,
    allow_unsupported: AllowUnsupported = False,
    verbose: Verbose = False,
) -> None:
    """Run a unikernel; an image is converted first, and kept in the cache.

    Exit status: the program's own; 125 when u2k fails, 126 when the program cannot be executed,
    127 when it is not there, as with docker run.
    """
    explain(verbose)
    from converter.cli.failure import report, report_bug
    from converter.cli.run_asked import Asked, run_asked
    from converter.image.platform import Platform
    from converter.options import Options
    from converter.run.child import open_closed_streams
    from converter.run.network.plan import NetworkOptions
    from converter.running import RunOptions
    from converter.runs.begin import Named

    open_closed_streams()
    how = RunOptions(
        on=on,
        machine=machine,
        memory=memory,
        env=env or (),
        entrypoint=entrypoint,
        interactive=interactive,
        terminal=terminal,
        hostname=hostname,
        network=NetworkOptions(networks or (), addresses or (), macs or (), publish or (), publish_all),
        adapt=not no_adapt,
        fast_calls=fast_calls_after if fast_calls else 0,
        verbose=verbose,
    )
    named = Named(name, what, detach, remove) if detach or name is not None else None
    try:
        options = Options(Platform.parse(platform), source=source, allow_unsupported=allow_unsupported)
        status = run_asked(
            Asked(what, args or [], how, options, named, not no_healthcheck, trace, learn, profile)
        )
    except U2kError as error:
        report(error)
        status = error.run_status
    except Exception as error:
        report_bug(error)
        status = STATUS_FAILED
    sys.exit(status)
