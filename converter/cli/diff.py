"""`u2k diff`: how two profiles differ."""

from __future__ import annotations

from typing import Annotated

import typer

from converter.cli.examples import examples
from converter.cli.flags import Json, PlatformName, Source, Verbose, explain

EXAMPLES = examples(
    "u2k diff redis-6.json redis-7.json",
    "u2k diff app.u2k app:2",
    "u2k diff --json a.u2k b.u2k | jq .sections.syscalls",
)


def command(
    old: Annotated[
        str,
        typer.Argument(metavar="A", show_default=False, help="A profile, a unikernel file, or an image."),
    ],
    new: Annotated[str, typer.Argument(metavar="B", show_default=False, help="Another one.")],
    platform: PlatformName = "linux/amd64",
    source: Source = "auto",
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Show what only one of two programs uses: system calls, arguments, libraries, files, sockets.

    Exit status: 0 they use the same, 1 they differ, 2 or more trouble, as with diff(1).
    """
    explain(verbose)
    from converter.cli.progress import shown
    from converter.cli.show import show
    from converter.image.platform import Platform
    from converter.known import known
    from converter.options import Options
    from converter.profile.difference import difference
    from converter.report.profile_text import difference_lines

    options = Options(Platform.parse(platform), source=source)
    found = difference(*(known(what, options, shown(as_json)).profile for what in (old, new)))
    if as_json:
        import json
        from dataclasses import asdict

        print(json.dumps({"same": not found, **asdict(found)}, indent=2))
    else:
        show(difference_lines(found))
    raise typer.Exit(1 if found else 0)
