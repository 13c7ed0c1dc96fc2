"""`u2k run`: a unikernel file, or an image (converted first), runs; its status becomes ours."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

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

if TYPE_CHECKING:
    from converter.link.manifest import Manifest
    from converter.options import Options
    from converter.run.network.plan import NetworkOptions
    from converter.run.request import Runner, RunRequest
    from converter.runs.begin import Named

STATUS_FAILED = 125  # any failure that is not the program's, as with docker run
_USAGE = 2

EXAMPLES = examples(
    "u2k run hello.u2k",
    "u2k run -i -e LANG=C python-3.u2k -c 'print(1)'",
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
    from converter.run.child import open_closed_streams
    from converter.run.network.plan import NetworkOptions
    from converter.runs.begin import Named

    open_closed_streams()
    network = NetworkOptions(networks or (), addresses or (), macs or (), publish or (), publish_all)
    named = Named(name, what, detach, remove) if detach or name is not None else None
    try:
        status = _run(
            what,
            args or [],
            on,
            machine,
            memory,
            env or [],
            interactive,
            terminal,
            entrypoint,
            hostname,
            network,
            named,
            not no_healthcheck,
            fast_calls_after if fast_calls else 0,
            platform,
            source,
            allow_unsupported,
            not no_adapt,
            verbose,
            trace,
            learn,
            profile,
        )
    except U2kError as error:
        report(error)
        status = error.run_status
    except Exception as error:
        report_bug(error)
        status = STATUS_FAILED
    sys.exit(status)


def _run(
    what: str,
    args: list[str],
    on: str,
    machine: str | None,
    memory: str | None,
    env: list[str],
    interactive: bool,
    terminal: bool,
    entrypoint: str | None,
    hostname: str | None,
    network: NetworkOptions,
    named: Named | None,
    healthcheck: bool,
    fast_calls: int | None,
    platform: str,
    source: str,
    allow_unsupported: bool,
    adapt: bool,
    verbose: bool,
    trace: Path | None,
    learn: bool,
    profile: Path | None,
) -> int:
    import os

    from converter.errors import UsageError
    from converter.link.manifest import read_manifest
    from converter.run.choose import choose_runner
    from converter.run.memory import parse_size
    from converter.run.network.host_ports import open_ports
    from converter.run.network.plan import planned
    from converter.run.request import RunRequest, checked_hostname, environment_entry
    from converter.run.unikernel_file import is_unikernel
    from converter.runs.begin import run_named
    from converter.runs.health.reach import health_watch, reachable, wanted_check

    if trace is not None and learn:
        raise UsageError(
            "a tracing kernel has every part, so that nothing is missed",
            where="--trace and --learn",
            hint="take one of them",
        )
    if profile is not None and not learn:
        raise UsageError("it is for --learn", where="--profile", hint="add --learn")
    if named is not None:
        _check_named(named, interactive=interactive, terminal=terminal)
    variables = [entry for text in env if (entry := environment_entry(text, os.environb)) is not None]
    path, image = Path(what), None
    if not is_unikernel(path):
        image = what
        options = _options(platform, source, entrypoint, args, variables, allow_unsupported, adapt)
        path, made_for_them = _converted(what, options)
        entrypoint = None
        if made_for_them:
            args, variables = [], []
    manifest = read_manifest(path)
    check = wanted_check(manifest) if named is not None and healthcheck else None
    plan = reachable(planned(network, manifest), check)
    request = RunRequest(
        unikernel=path,
        manifest=manifest,
        args=[os.fsencode(arg) for arg in args],
        env=variables,
        entrypoint=None if entrypoint is None else os.fsencode(entrypoint),
        memory=None if memory is None else parse_size(memory),
        interactive=interactive,
        terminal=terminal,
        log_level=3 if verbose else 2,
        hostname=None if hostname is None else checked_hostname(hostname),
        network=plan,
        ports=open_ports(plan.publications),
        adapt=adapt,
        fast_calls=fast_calls,
    )

    def run(asked: RunRequest) -> int:
        return _watched(asked, lambda found: choose_runner(on, found, machine), image, trace, learn, profile)

    with request.ports as ports:
        for port in ports.shown if any(not each.hosts for each in plan.publications) else ():
            print(f"u2k: published {port}", file=sys.stderr)
        if named is None:
            return run(request)
        name, status = run_named(request, run, named, health_watch(manifest, plan, ports.published, check))
        if named.detached:
            print(name)
        return status


def _check_named(named: Named, *, interactive: bool, terminal: bool) -> None:
    from converter.errors import UsageError
    from converter.runs.begin import check_free
    from converter.runs.names import checked_name

    if named.detached and (interactive or terminal):
        raise UsageError(
            "what goes on by itself has neither terminal nor input",
            where="-d with -i or -t",
            hint="leave one of them away",
        )
    if named.name is not None:
        check_free(checked_name(named.name))


def _watched(
    request: RunRequest,
    choose: Callable[[Manifest], Runner],
    image: str | None,
    trace: Path | None,
    learn: bool,
    profile: Path | None,
) -> int:
    from converter.trace.watched_run import run_learning, run_plainly, run_traced

    if trace is not None:
        status, said = run_traced(request, choose, image, trace)
    elif learn:
        status, said = run_learning(request, choose, image, profile)
    else:
        status, said = run_plainly(request, choose, image)
    for line in said:
        print(f"u2k: {line}", file=sys.stderr)
    return status


def _options(
    platform: str,
    source: str,
    entrypoint: str | None,
    args: list[str],
    env: list[bytes],
    allow_unsupported: bool,
    adapt: bool,
) -> Options:
    import os

    from converter.image.platform import Platform
    from converter.options import Options

    return Options(
        Platform.parse(platform),
        source=source,
        entrypoint=None if entrypoint is None else (entrypoint,),
        args=tuple(args),
        env=tuple(map(os.fsdecode, env)),
        allow_unsupported=allow_unsupported,
        adapt=adapt,
    )


def _converted(what: str, options: Options) -> tuple[Path, bool]:
    """The image's unikernel, and whether it has arguments and environment in it already."""
    from converter.cli.progress import shown
    from converter.converted import unikernel_to_run

    return unikernel_to_run(what, options, shown())
