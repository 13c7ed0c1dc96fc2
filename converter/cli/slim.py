"""`u2k slim`: an image without what its program does not use, for container engines."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from converter.cli.choice_flags import Keep, KeptFiles
from converter.cli.examples import examples
from converter.cli.flags import (
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
from converter.cli.trace_flags import Exercises, Probes, Trace, TraceSeconds, trace_request

EXAMPLES = examples(
    "u2k slim redis:7",
    "u2k slim -o app.tar --tag registry.example/app:slim app:1",
    "u2k slim --probe http://:80/ --keep '/usr/share/app/**' app:1",
)


def command(
    image: Reference,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", metavar="FILE", help="The archive to write; by default IMAGE-slim.tar."
        ),
    ] = None,
    tag: Annotated[
        str | None,
        typer.Option("--tag", metavar="NAME", help="What engines call it; by default IMAGE-slim:TAG."),
    ] = None,
    seccomp: Annotated[
        Path | None,
        typer.Option("--seccomp", metavar="FILE", help="Its seccomp profile; by default beside the archive."),
    ] = None,
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
    probes: Probes = None,
    exercises: Exercises = None,
    trace_seconds: TraceSeconds = 60,
    no_adapt: NoAdapt = False,
    force: Force = False,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Write a slim container: the files that a unikernel of the image would keep, as an image of one layer.

    `docker load`, `podman load` and skopeo read the archive. The program starts without its entrypoint
    script, as the unikernel's does. The seccomp profile allows the system calls that it may make and no
    others. Exit status: as of convert.
    """
    explain(verbose)
    from converter.cli.progress import shown
    from converter.cli.show import show
    from converter.container.name import checked_name, slim_name
    from converter.known import profiles_in
    from converter.options import FILES
    from converter.output import check_distinct, check_target, default_name, text_file
    from converter.profiling import profile_image
    from converter.report.slim_container import slim_image
    from converter.report.slim_text import document, lines

    name = slim_name(image) if tag is None else checked_name(tag)
    path = output or Path(default_name(image).removesuffix(".u2k") + "-slim.tar")
    calls = seccomp or path.with_suffix(".seccomp.json")
    check_target(path, force=force)
    check_target(calls, force=force, text=True, option="--seccomp")
    check_distinct([path, calls], [Path(image)])
    alike = image_options(platform, source, entrypoint, args, env, program, no_adapt=no_adapt)
    options = replace(
        alike,
        files=choice("--files", files, FILES),
        keep=tuple(keep or ()),
    )
    given = profiles_in(profiles or ())
    asked = trace_request(trace, probes, exercises, trace_seconds)
    found = profile_image(image, options, given, asked, shown(as_json))
    made = slim_image(found, path, name, options)
    text_file(calls, made.seccomp)
    if as_json:
        import json

        print(json.dumps(document(made, calls), indent=2))
        return
    show(lines(made, image, calls))
