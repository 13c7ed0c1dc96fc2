"""`u2k convert`: an image becomes a unikernel file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from converter.cli.choice_flags import (
    AddPart,
    AddSyscall,
    Drop,
    Full,
    Keep,
    KeptFiles,
    Provenance,
    RootPlace,
    SaveProfile,
    Sbom,
    Seccomp,
    Strict,
    call_names,
)
from converter.cli.examples import examples
from converter.cli.flags import (
    AllowUnsupported,
    Arguments,
    CommandLine,
    Entrypoint,
    Environment,
    Force,
    FormatName,
    Json,
    NoAdapt,
    NoCache,
    PlatformName,
    Profiles,
    ProgramLine,
    Reference,
    Source,
    Verbose,
    choice,
    explain,
    one_of,
)
from converter.cli.image_options import image_options
from converter.cli.trace_flags import Exercises, Probes, Trace, TraceSeconds, trace_request

if TYPE_CHECKING:
    from converter.options import Form

EXAMPLES = examples(
    "u2k convert python:3",
    "u2k convert -o app.u2k registry.example/app:1.2",
    "u2k convert --trace -e POSTGRES_PASSWORD=x postgres:15",
    "u2k convert --strict --profile app.json app:1",
    "u2k convert --keep '/usr/share/app/**' --add-syscall flock app:1",
    "u2k convert --seccomp app-seccomp.json --sbom app.cdx.json app:1",
    "u2k convert --format qcow2 --provenance app.provenance.json app:1",
)


def form(strict: bool, full: bool) -> Form:
    """Which evidence chooses. UsageError for both at once."""
    from converter.errors import UsageError

    if strict and full:
        raise UsageError("--strict and --full exclude each other", hint="give one of them")
    return "strict" if strict else "full" if full else "default"


def command(
    image: Reference,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", metavar="FILE", help="The file to write; by default named after image and tag."
        ),
    ] = None,
    platform: PlatformName = "linux/amd64",
    target: Annotated[
        str,
        typer.Option(
            "--target",
            metavar="vm|process",
            help="vm: a bootable kernel file. process: a Linux executable.",
            autocompletion=one_of("vm", "process"),
        ),
    ] = "vm",
    form_name: FormatName = "elf",
    cmdline: CommandLine = "",
    source: Source = "auto",
    entrypoint: Entrypoint = None,
    args: Arguments = None,
    env: Environment = None,
    program: ProgramLine = None,
    profiles: Profiles = None,
    strict: Strict = False,
    full: Full = False,
    add_syscall: AddSyscall = None,
    add_part: AddPart = None,
    drop: Drop = None,
    files: KeptFiles = "slim",
    root: RootPlace = "auto",
    keep: Keep = None,
    trace: Trace = False,
    probes: Probes = None,
    exercises: Exercises = None,
    trace_seconds: TraceSeconds = 60,
    save_profile: SaveProfile = None,
    seccomp: Seccomp = None,
    sbom: Sbom = None,
    provenance: Provenance = None,
    no_adapt: NoAdapt = False,
    allow_unsupported: AllowUnsupported = False,
    force: Force = False,
    no_cache: NoCache = False,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Convert a container image into a unikernel: one bootable file, of what the program uses.

    No container engine is needed, and nothing of the image is executed unless --trace asks for it. Ends
    with a comparison of container and unikernel; -v and --json have all of it. The same again is copied
    from the cache. Exit status: 0 done, 2 usage, 3 the image cannot become a unikernel, 4 the image could
    not be fetched, 1 anything else.
    """
    explain(verbose)
    from converter.api import convert
    from converter.cli.progress import shown
    from converter.cli.show import columns, show
    from converter.conversion_cache.documents import Documents
    from converter.known import profiles_in
    from converter.options import FILES, ROOTS, TARGETS
    from converter.output import check_distinct, check_target, text_file
    from converter.remembered import remember
    from converter.report.comparison import document
    from converter.report.conversion_text import lines
    from converter.report.shipping import next_step
    from converter.shipped import destination

    alike = image_options(platform, source, entrypoint, args, env, program, no_adapt=no_adapt)
    options = replace(
        alike,
        target=choice("--target", target, TARGETS),
        form=form(strict, full),
        add_syscalls=call_names(add_syscall, alike.platform.architecture),
        add_parts=tuple(add_part or ()),
        drop=tuple(drop or ()),
        files=choice("--files", files, FILES),
        root=choice("--root", root, ROOTS),
        keep=tuple(keep or ()),
        allow_unsupported=allow_unsupported,
    )
    given = profiles_in(profiles or ())
    asked = trace_request(trace, probes, exercises, trace_seconds)
    documents = Documents(save_profile, seccomp, sbom)
    with destination(image, output, form_name, cmdline, options, force=force) as place:
        if provenance is not None:
            check_target(provenance, force=force, text=True, option="--provenance")
        check_distinct(
            [place.final, *documents.targets().values(), *([provenance] if provenance else [])], [Path(image)]
        )
        made = convert(
            image,
            place.unikernel,
            options,
            profiles=given,
            trace=asked,
            documents=documents,
            force=force,
            reuse=not no_cache,
            progress=shown(as_json),
        )
        told = place.ship(made.report)
        if provenance is not None:
            from converter.artifact.provenance import provenance_of

            text_file(provenance, provenance_of(place.unikernel, place.final))
    words_again = options.words()
    for path in profiles or ():
        words_again += "--profile", str(path.absolute())
    remember(made.manifest, image, words_again + (asked.words() if asked else []))
    if as_json:
        import json
        from dataclasses import asdict

        print(json.dumps({**document(told), "manifest": asdict(made.manifest)}, indent=2))
        return
    show(lines(told, next_step(place.final, form_name), everything=verbose, width=columns()))
