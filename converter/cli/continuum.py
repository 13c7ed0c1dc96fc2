"""`u2k continuum`: container, slim container, unikernel on a process and on a machine, side by side."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from converter.cli.choice_flags import Keep, KeptFiles
from converter.cli.examples import examples
from converter.cli.flags import (
    AllowUnsupported,
    Arguments,
    Entrypoint,
    Environment,
    Force,
    Json,
    NoAdapt,
    PlatformName,
    Profiles,
    ProgramLine,
    Reference,
    Source,
    Verbose,
    choice,
    explain,
)
from converter.cli.image_options import image_options
from converter.cli.trace_flags import Trace, TraceSeconds, trace_request

EXAMPLES = examples(
    "u2k continuum redis:7",
    "u2k continuum -o redis.html --runs 10 redis:7",
    "u2k continuum --probe http://:8080/ready --json app:1",
)


def command(
    image: Reference,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE", help="Write a page (HTML, one file) as well."),
    ] = None,
    runs: Annotated[
        int, typer.Option("--runs", metavar="N", min=0, max=1000, help="Starts of each; 0: count only.")
    ] = 5,
    probe: Annotated[
        str | None,
        typer.Option(
            "--probe",
            metavar="URL",
            help="What is asked: http://:8080/path, 'tcp://:6379 PING'; else what the image says.",
        ),
    ] = None,
    patience: Annotated[
        float, typer.Option("--patience", metavar="N", help="Seconds that each start has to answer.")
    ] = 60,
    platform: PlatformName = "linux/amd64",
    source: Source = "auto",
    entrypoint: Entrypoint = None,
    args: Arguments = None,
    env: Environment = None,
    program: ProgramLine = None,
    profiles: Profiles = None,
    files: KeptFiles = "slim",
    keep: Keep = None,
    trace: Trace = False,
    trace_seconds: TraceSeconds = 60,
    no_adapt: NoAdapt = False,
    allow_unsupported: AllowUnsupported = False,
    force: Force = False,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Compare all stops from the container to the unikernel: sizes, counts, system calls, start, memory.

    Containers are run by the Docker engine if one answers, unikernels as a process and by QEMU, in turns.
    What cannot be run here has its sizes and counts all the same, and says why. Exit status: as of convert.
    """
    explain(verbose)
    from converter.cli.progress import shown
    from converter.errors import UsageError
    from converter.known import profiles_in
    from converter.options import FILES
    from converter.output import check_distinct, check_target, text_file
    from converter.report.continuum.continuum import Session, continuum
    from converter.trace.request import parse_probe

    if not 0 < patience < 86400:
        raise UsageError(f"{patience:g} seconds are none to wait", where="--patience", hint="from 0 to 86400")
    if output is not None:
        check_target(output, force=force, text=True)
        check_distinct([output], [Path(image)])
    alike = image_options(platform, source, entrypoint, args, env, program, no_adapt=no_adapt)
    options = replace(
        alike,
        files=choice("--files", files, FILES),
        keep=tuple(keep or ()),
        allow_unsupported=allow_unsupported,
    )
    session = Session(None if probe is None else parse_probe(probe), runs, patience)
    given = profiles_in(profiles or ())
    asked = trace_request(trace, None, None, trace_seconds)
    found = continuum(image, options, session, shown(as_json), profiles=given, trace=asked)
    if output is not None:
        from converter.report.continuum.page.document import page

        text_file(output, page(found))
    if as_json:
        import json
        from dataclasses import asdict

        print(json.dumps(asdict(found), indent=2))
        return
    from rich.console import Console

    from converter.cli.show import columns
    from converter.report.continuum.terminal import show

    show(found, Console(width=columns()))
    if output is not None:
        print(f"\nwritten: {output}")
