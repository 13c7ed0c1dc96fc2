"""`u2k pull`: a unikernel comes from a registry."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from converter.cli.examples import examples
from converter.cli.flags import Force, Json, PlatformName, Verbose, explain

EXAMPLES = examples(
    "u2k pull registry.example/redis-unikernel:7 -o redis.u2k",
    "u2k pull oci:folder:7",
)


def command(
    name: Annotated[
        str,
        typer.Argument(
            metavar="REFERENCE", show_default=False, help="REPOSITORY:TAG, or an OCI folder or archive."
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", metavar="FILE", help="The file to write; by default its name when pushed."
        ),
    ] = None,
    platform: PlatformName = "linux/amd64",
    force: Force = False,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Pull a unikernel that was pushed with u2k push. Every byte is verified; the file is the same.

    Exit status: 0 done, 2 usage, 3 there is no unikernel, or none for the platform, 4 it cannot be had.
    """
    explain(verbose)
    from converter.artifact.pull import pull
    from converter.cli.progress import shown
    from converter.cli.show import show
    from converter.errors import UsageError
    from converter.image.platform import Platform
    from converter.image.reference import DaemonReference, parse
    from converter.report.artifact_text import pulled_lines

    reference = parse(name)
    if isinstance(reference, DaemonReference):
        raise UsageError("engines keep no unikernels", where=name, hint="name a registry, or an OCI folder")
    made = pull(reference, output, Platform.parse(platform), shown(as_json), force=force)
    if as_json:
        import json
        from dataclasses import asdict

        print(json.dumps({**asdict(made), "file": str(made.file)}, indent=2))
        return
    show(pulled_lines(made, name))
