"""Options that say what a unikernel is made of."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from converter.cli.completion import parts, system_calls, system_calls_and_parts
from converter.cli.flags import one_of

Strict = Annotated[
    bool, typer.Option("--strict", help="Link only what was seen: in a trace, given profiles, --add-syscall.")
]
Full = Annotated[bool, typer.Option("--full", help="Link everything that the library OS has.")]
AddSyscall = Annotated[
    list[str] | None,
    typer.Option(
        "--add-syscall",
        metavar="NAME|NUMBER",
        help="Link this system call as well. Can be repeated.",
        autocompletion=system_calls,
    ),
]
AddPart = Annotated[
    list[str] | None,
    typer.Option(
        "--add-part",
        metavar="NAME",
        help="Link this part of the library OS as well: procfs, tmpfs ... Can be repeated.",
        autocompletion=parts,
    ),
]
Drop = Annotated[
    list[str] | None,
    typer.Option(
        "--drop",
        metavar="NAME",
        help="Leave out this system call, or part of the library OS. Can be repeated.",
        autocompletion=system_calls_and_parts,
    ),
]
KeptFiles = Annotated[
    str,
    typer.Option(
        "--files",
        metavar="slim|strict|all",
        help="slim: what the program may use. strict: what was seen to be used. all: every file.",
        autocompletion=one_of("slim", "strict", "all"),
    ),
]
RootPlace = Annotated[
    str,
    typer.Option(
        "--root",
        metavar="auto|memory|disk",
        help="Where a virtual machine has the files: loaded into its memory, or read from a disk, which"
        " is the unikernel file itself. auto: on a disk from 64 MiB on.",
        autocompletion=one_of("auto", "memory", "disk"),
    ),
]
Keep = Annotated[
    list[str] | None,
    typer.Option(
        "--keep",
        metavar="GLOB",
        help="Keep files of this name, and all below: '/usr/share/x', '/opt/**/*.so'. Can be repeated.",
    ),
]
SaveProfile = Annotated[
    Path | None,
    typer.Option("--save-profile", metavar="FILE", help="Write the profile (JSON) to this file as well."),
]
Seccomp = Annotated[
    Path | None,
    typer.Option(
        "--seccomp",
        metavar="FILE",
        help="Write an OCI seccomp profile of the same system calls, for containers.",
    ),
]
Sbom = Annotated[
    Path | None,
    typer.Option(
        "--sbom",
        metavar="FILE",
        help="Write a bill of materials of what is in the unikernel: CycloneDX, or SPDX for x.spdx.json.",
    ),
]

Provenance = Annotated[
    Path | None,
    typer.Option(
        "--provenance",
        metavar="FILE",
        help="Write how it was made, from which image: an in-toto statement with SLSA provenance.",
    ),
]


def call_names(given: Iterable[str] | None, oci: str) -> tuple[str, ...]:
    """Names for those of `given` that are numbers, as a kernel's log has them; others as they are.

    `oci`: the architecture, as images name it. UsageError for one that there is no library OS for.
    """
    words = tuple(given or ())
    if not any(word.isdecimal() for word in words):
        return words
    from converter.libos import syscall_table
    from converter.link.architecture import architecture

    names = {str(number): name for name, number in syscall_table(architecture(oci).name).items()}
    return tuple(names.get(word, word) for word in words)
