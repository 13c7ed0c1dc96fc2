"""`u2k explain`: why a system call, library or file is in."""

from __future__ import annotations

from typing import Annotated

import typer

from converter.cli.examples import examples
from converter.cli.flags import Json, PlatformName, Source, Verbose, one_of
from converter.cli.flags import explain as say

EXAMPLES = examples(
    "u2k explain redis:7 syscall socket",
    "u2k explain app.u2k lib libssl.so.3",
    "u2k explain app.json file /etc/nsswitch.conf",
)
KINDS = ("syscall", "lib", "file", "socket")


def _names(context: typer.Context, incomplete: str) -> list[str]:
    """Completion of NAME, out of the profile or unikernel that was named before; an image is not read."""
    from pathlib import Path

    from converter.errors import U2kError
    from converter.known import is_profile, known
    from converter.profile.explanation import SECTIONS
    from converter.run.unikernel_file import is_unikernel

    what, kind = context.params.get("what"), context.params.get("kind")
    try:
        file = Path(what or "")
        if kind not in SECTIONS or not file.is_file() or not (is_profile(file) or is_unikernel(file)):
            return []
        entries = getattr(known(str(file)).profile, SECTIONS[kind])
    except U2kError:
        return []
    return [name for name in entries if name.startswith(incomplete)]


def command(
    what: Annotated[
        str,
        typer.Argument(
            metavar="PROFILE|UNIKERNEL|IMAGE",
            show_default=False,
            help="A profile, a unikernel file, or an image (which is read now).",
        ),
    ],
    kind: Annotated[
        str,
        typer.Argument(
            metavar="syscall|lib|file|socket",
            show_default=False,
            help="What NAME is.",
            autocompletion=one_of(*KINDS),
        ),
    ],
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            show_default=False,
            help="socket, libssl.so.3, /etc/hosts ...",
            autocompletion=_names,
        ),
    ],
    platform: PlatformName = "linux/amd64",
    source: Source = "auto",
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Say why a system call, library, file or socket is in: all evidence, with the chain of callers.

    Of a unikernel also whether it is linked, of an image whether the root keeps it. Exit status: 0 it is in,
    1 it is not, 2 or more trouble.
    """
    say(verbose)
    from converter.cli.progress import shown
    from converter.cli.show import show
    from converter.errors import UsageError
    from converter.image.platform import Platform
    from converter.known import known
    from converter.link.architecture import architecture
    from converter.link.catalogue import syscall_numbers
    from converter.options import Options
    from converter.profile.explanation import explain
    from converter.report.presence import linked_line, root_line
    from converter.report.profile_text import answer_lines

    if kind not in KINDS:
        raise UsageError(f"{kind!r} cannot be explained", hint=f"ask for one of: {', '.join(KINDS)}")
    options = Options(Platform.parse(platform), source=source)
    found = known(what, options, shown(as_json))
    machine = architecture(Platform.parse(found.profile.subject.platform).architecture)
    calls = syscall_numbers(machine) if kind == "syscall" else {}
    answer = explain(found.profile, kind, name, calls)
    linked = root = ""
    if found.manifest is not None and name in calls:
        linked = linked_line(name, found.profile, found.manifest)
    if found.image is not None and kind in ("file", "lib"):
        root = root_line(next(iter(answer.names), name), found.image, options)
    inside = bool(answer.names) or linked.startswith("linked") or root.startswith("in the root")
    if as_json:
        import json
        from dataclasses import asdict

        more = {
            "in": inside,
            "linked": linked.startswith("linked") if linked else None,
            "kept": root.startswith("in the root") if root else None,
            "presence": linked or root or None,
        }
        print(json.dumps({**asdict(answer), **more}, indent=2))
    else:
        show(answer_lines(answer, linked=linked, root=root, exists=name in calls))
    raise typer.Exit(0 if inside else 1)
