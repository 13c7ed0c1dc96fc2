"""`u2k export`: a unikernel as what others boot, load or run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from converter.cli.examples import examples
from converter.cli.flags import CommandLine, Force, FormatName, Json

EXAMPLES = examples(
    "u2k export redis-7.u2k --format qcow2",
    "u2k export redis-7.u2k --format raw -o redis.img",
    "u2k export app.u2k --format firecracker --cmdline 'u2k.env=MODE=fast'",
    "u2k export app.u2k --format oci -o app.oci.tar",
)


def command(
    unikernel: Annotated[
        Path, typer.Argument(metavar="UNIKERNEL", show_default=False, help="A file made by u2k convert.")
    ],
    form: FormatName = "raw",
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="OUT", help="What to write; by default named after the file."),
    ] = None,
    cmdline: CommandLine = "",
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Write a unikernel in another format: a disk image, a container image, a folder for Firecracker.

    raw and qcow2 start by BIOS and by UEFI. oci is an image that urunc runs and docker load takes.
    Exit status: 0 done, 2 usage, or not possible in this format, 1 anything else.
    """
    from converter.cli.show import show
    from converter.formats.export import export
    from converter.report.shipping import lines, size_of

    made = export(unikernel, form, output, cmdline=cmdline, force=force)
    if as_json:
        import json

        print(json.dumps({"format": form, "file": str(made), "bytes": size_of(made)}, indent=2))
        return
    show(lines(unikernel, made, form))
