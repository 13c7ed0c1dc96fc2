"""`u2k convert`: an image becomes a unikernel file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from converter.cli.flags import (
    Force,
    Json,
    PlatformName,
    Profiles,
    ProgramLine,
    Reference,
    Source,
    Verbose,
    explain,
    one_of,
    words,
)

if TYPE_CHECKING:
    from converter.convert import Conversion

EXAMPLES = (
    "Examples:  u2k convert redis:7   |   u2k convert -o app.u2k registry.example/app:1.2   |   "
    "u2k convert --target process image.tar"
)


def command(
    image: Reference,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="The file to write; by default named after image and tag."),
    ] = None,
    platform: PlatformName = "linux/amd64",
    target: Annotated[
        str,
        typer.Option(
            "--target",
            help="vm: a bootable kernel file. process: a Linux executable.",
            autocompletion=one_of("vm", "process"),
        ),
    ] = "vm",
    source: Source = "auto",
    program: ProgramLine = None,
    profiles: Profiles = None,
    save_profile: Annotated[
        Path | None,
        typer.Option("--save-profile", metavar="FILE", help="Write the profile (JSON) to this file as well."),
    ] = None,
    force: Force = False,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Convert a container image into a unikernel: one bootable file.

    Nothing of the image is executed and no container engine is needed. Exit status: 0 done, 2 usage,
    3 the image cannot become a unikernel, 4 the image could not be fetched, 1 anything else.
    """
    explain(verbose)
    from converter.cli.progress import shown
    from converter.convert import convert
    from converter.errors import UsageError
    from converter.image.platform import Platform
    from converter.options import TARGETS, Options
    from converter.output import check_target, whole_file
    from converter.profile.reading import read_profile
    from converter.profile.writing import profile_text

    if target not in TARGETS:
        raise UsageError(f"{target!r} is no target", hint=f"choose one of: {', '.join(TARGETS)}")
    if save_profile is not None:
        check_target(save_profile, force=force)
    options = Options(Platform.parse(platform), target, source, words(program))
    given = [read_profile(path) for path in profiles or ()]
    conversion = convert(image, output, options, profiles=given, force=force, progress=shown(as_json))
    if save_profile is not None:
        with whole_file(save_profile, mode=0o644) as file:
            file.write(profile_text(conversion.profiled.profile).encode())
    if as_json:
        _print_json(conversion)
    else:
        _print_table(conversion)


def _print_json(conversion: Conversion) -> None:
    import json
    from dataclasses import asdict

    from converter.report.sizes import sizes

    document = {
        "file": str(conversion.unikernel.path),
        "bytes": conversion.unikernel.size,
        "manifest": asdict(conversion.unikernel.manifest),
        "sizes": asdict(sizes(conversion)),
    }
    print(json.dumps(document, indent=2, sort_keys=True))


def _print_table(conversion: Conversion) -> None:
    from converter.report.sizes import rows

    made = conversion.unikernel
    print(f"{conversion.profiled.reading.image.reference} -> {made.path}")
    print()
    columns = [("", "container", "unikernel"), *rows(conversion)]
    widths = [max(len(row[at]) for row in columns) for at in range(3)]
    for name, before, after in columns:
        print(f"  {name:<{widths[0]}}  {before:>{widths[1]}}  {after:>{widths[2]}}")
    print()
    print(f"next: u2k run {made.path}")
