"""`u2k convert`: an image becomes a unikernel file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from converter.cli.choice_flags import (
    Keep,
    KeptFiles,
    SaveProfile,
    Sbom,
    Seccomp,
)
from converter.cli.flags import (
    Force,
    Json,
    PlatformName,
    Profiles,
    ProgramLine,
    Reference,
    Source,
    Verbose,
    choice,
    explain,
    one_of,
    words,
)

EXAMPLES = (
    "Examples:  u2k convert redis:7   |   u2k convert -o app.u2k registry.example/app:1.2   |   "
    "u2k convert --keep '/usr/share/app/**' app:1   |   u2k convert --seccomp app.json --json app:1"
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
    files: KeptFiles = "all",
    keep: Keep = None,
    save_profile: SaveProfile = None,
    seccomp: Seccomp = None,
    sbom: Sbom = None,
    force: Force = False,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Convert a container image into a unikernel: one bootable file, of what the program uses.

    Nothing of the image is executed and no container engine is needed. Ends with a comparison of container
    and unikernel; -v and --json have all of it. Exit status: 0 done, 2 usage, 3 the image cannot become a
    unikernel, 4 the image could not be fetched, 1 anything else.
    """
    explain(verbose)
    from converter.cli.progress import shown
    from converter.convert import convert
    from converter.image.platform import Platform
    from converter.options import FILES, TARGETS, Options
    from converter.output import check_target, text_file
    from converter.profile.reading import read_profile
    from converter.profile.writing import profile_text
    from converter.report.by_products import sbom_text, seccomp_of
    from converter.report.conversion import report
    from converter.report.conversion_text import lines

    options = Options(
        Platform.parse(platform),
        choice("--target", target, TARGETS),
        source,
        words(program),
        files=choice("--files", files, FILES),
        keep=tuple(keep or ()),
    )
    for extra in (save_profile, seccomp, sbom):
        if extra is not None:
            check_target(extra, force=force)
    given = [read_profile(path) for path in profiles or ()]
    made = convert(image, output, options, profiles=given, force=force, progress=shown(as_json))
    if save_profile is not None:
        text_file(save_profile, profile_text(made.profiled.profile))
    if seccomp is not None:
        text_file(seccomp, seccomp_of(made))
    if sbom is not None:
        text_file(sbom, sbom_text(made, sbom))
    told = report(made)
    if as_json:
        import json
        from dataclasses import asdict

        print(json.dumps({**asdict(told), "manifest": asdict(made.unikernel.manifest)}, indent=2))
        return
    for line in lines(told, everything=verbose):
        print(line)
