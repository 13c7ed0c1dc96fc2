"""`u2k check`: can this image become a unikernel?"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from converter.cli.examples import examples
from converter.cli.flags import (
    AllowUnsupported,
    Arguments,
    Entrypoint,
    Environment,
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

EXAMPLES = examples(
    "u2k check redis:7",
    "u2k check --json registry.example/app:1.2 | jq .convertible",
    "u2k check app.tar --sarif app.sarif --at Dockerfile:1",
)


def command(
    image: Reference,
    platform: PlatformName = "linux/amd64",
    source: Source = "auto",
    entrypoint: Entrypoint = None,
    args: Arguments = None,
    env: Environment = None,
    program: ProgramLine = None,
    profiles: Profiles = None,
    no_adapt: NoAdapt = False,
    allow_unsupported: AllowUnsupported = False,
    sarif: Annotated[
        Path | None,
        typer.Option("--sarif", metavar="FILE", help="Write what was found as SARIF 2.1.0 as well."),
    ] = None,
    at: Annotated[
        str | None,
        typer.Option(
            "--at",
            metavar="FILE[:LINE]",
            help="For --sarif: where in a repository findings belong.",
        ),
    ] = None,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Say whether an image can become a unikernel, and what is in the way. Nothing is executed or built.

    Exit status: 0 it can, 3 it cannot, 2 usage, 4 the image could not be fetched, 1 anything else.
    """
    explain(verbose)
    from converter.check import check
    from converter.cli.progress import shown
    from converter.cli.show import show
    from converter.errors import IncompatibleImageError
    from converter.known import profiles_in
    from converter.output import check_target, text_file
    from converter.report.check_text import findings, lines
    from converter.report.sarif import place_in_file, sarif_log

    place = place_in_file(at or "", "--at")
    if sarif is not None:
        check_target(sarif, force=True, text=True, option="--sarif")
    alike = image_options(platform, source, entrypoint, args, env, program, no_adapt=no_adapt)
    options = replace(alike, allow_unsupported=allow_unsupported)
    found = check(image, options, profiles_in(profiles or ()), shown(as_json))
    if sarif is not None:
        text_file(sarif, sarif_log(findings(found, *place), successful=True))
    if as_json:
        import json
        from dataclasses import asdict

        print(json.dumps({"convertible": found.convertible, **asdict(found)}, indent=2))
    else:
        show(lines(found))
    if not found.convertible:
        raise typer.Exit(IncompatibleImageError.exit_code)
