"""`u2k profile`: what an image's program uses, and why."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from converter.cli.choice_flags import Seccomp
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
    explain,
)
from converter.cli.image_options import image_options
from converter.cli.trace_flags import Exercises, Probes, Trace, TraceSeconds, trace_request

if TYPE_CHECKING:
    from converter.options import Options

EXAMPLES = examples(
    "u2k profile redis:7",
    "u2k profile -o redis.json --probe 'tcp://:6379 PING' redis:7",
    "u2k profile --json redis:7 | jq '.syscalls | keys'",
)


def command(
    image: Reference,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE", help="Write the profile (JSON) to this file."),
    ] = None,
    seccomp: Seccomp = None,
    profiles: Profiles = None,
    entrypoint: Entrypoint = None,
    args: Arguments = None,
    env: Environment = None,
    program: ProgramLine = None,
    trace: Trace = False,
    probes: Probes = None,
    exercises: Exercises = None,
    trace_seconds: TraceSeconds = 60,
    no_adapt: NoAdapt = False,
    platform: PlatformName = "linux/amd64",
    source: Source = "auto",
    force: Force = False,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Find the system calls, libraries and files that an image's program uses, each with why.

    By reading alone, unless --trace, --probe or --exercise ask for a run in a sandbox. With -o or --json
    the whole profile, for `u2k convert --profile`, `u2k explain` and `u2k diff`; otherwise a summary. Exit
    status: as of convert.
    """
    explain(verbose)
    from converter.api import profile as find_profile
    from converter.cli.progress import shown
    from converter.cli.show import columns, show
    from converter.known import profiles_in
    from converter.output import check_distinct, check_target, text_file
    from converter.profile.writing import profile_text
    from converter.profiling import unsupported
    from converter.report.by_products import seccomp_of
    from converter.report.profile_text import lines
    from converter.report.refusal_text import refusal_lines
    from converter.report.trace_text import watched_lines

    targets = {"-o": output, "--seccomp": seccomp}
    for option, target in targets.items():
        if target is not None:
            check_target(target, force=force, text=True, option=option)
    check_distinct([each for each in targets.values() if each is not None], [Path(image)])
    options = image_options(platform, source, entrypoint, args, env, program, no_adapt=no_adapt)
    given = profiles_in(profiles or ())
    asked = trace_request(trace, probes, exercises, trace_seconds)
    found = find_profile(image, options, profiles=given, trace=asked, progress=shown(as_json))
    if output is not None:
        text_file(output, profile_text(found.profile))
    if seccomp is not None:
        text_file(seccomp, seccomp_of(found))
    if as_json:
        sys.stdout.write(profile_text(found.profile))
        return
    show(lines(found.profile, everything=verbose, width=columns()))
    show((*watched_lines(found), *refusal_lines(unsupported(found))))
    if output is not None:
        print()
        print(f"written: {output}")
        print(f"next: {next_command(output, image, options, found.reading.resolution.decided_by)}")


def next_command(file: Path, image: str, options: Options, decided_by: str) -> str:
    """What to type to convert with the profile in `file`. What only a run showed, a run has to show again."""
    import shlex

    traced = ["--trace"] if decided_by == "trace" else []
    return shlex.join(["u2k", "convert", "--profile", str(file), *traced, *options.words(), image])
