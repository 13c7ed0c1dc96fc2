"""Options that several verbs share, each said once."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import typer


def one_of(*words: str) -> Callable[[str], list[str]]:
    """Shell completion with fixed words."""
    return lambda incomplete: [word for word in words if word.startswith(incomplete)]


Reference = Annotated[
    str,
    typer.Argument(
        metavar="IMAGE",
        show_default=False,
        help="redis:7, registry.example/app@sha256:..., an archive (image.tar), or an OCI folder.",
    ),
]
PlatformName = Annotated[
    str,
    typer.Option(
        "--platform",
        metavar="OS/ARCH",
        help="Which platform of the image: linux/amd64, linux/arm64.",
        autocompletion=one_of("linux/amd64", "linux/arm64"),
    ),
]
Source = Annotated[
    str,
    typer.Option(
        "--source",
        metavar="auto|engine|registry|FILE",
        help="Where to look for IMAGE: auto, engine, registry, or FILE, an archive that has it. -v explains.",
        autocompletion=one_of("auto", "engine", "registry"),
    ),
]
FormatName = Annotated[
    str,
    typer.Option(
        "--format",
        metavar="FORMAT",
        help="What to write: elf, raw, qcow2, oci, firecracker, or a format of another package.",
        autocompletion=one_of("elf", "raw", "qcow2", "oci", "firecracker"),
    ),
]
CommandLine = Annotated[
    str,
    typer.Option(
        "--cmdline",
        metavar="'WORDS'",
        help="Words for the kernel's command line, kept in what is written: ip=, u2k.env= ...",
    ),
]
Entrypoint = Annotated[
    str | None,
    typer.Option("--entrypoint", metavar="PROGRAM", help="Replace ENTRYPOINT, drop CMD, as with docker run."),
]
Arguments = Annotated[
    str | None,
    typer.Option("--args", metavar="'ARGS'", help="Replace CMD, as the words behind docker run IMAGE do."),
]
Environment = Annotated[
    list[str] | None,
    typer.Option("-e", "--env", metavar="NAME=VALUE", help="Set an environment variable. Can be repeated."),
]
ProgramLine = Annotated[
    str | None,
    typer.Option(
        "--program",
        metavar="'PATH ARGS'",
        help="The program to run in the end, and its arguments; instead of what the entrypoint leads to.",
    ),
]
Profiles = Annotated[
    list[Path] | None,
    typer.Option(
        "--profile", metavar="FILE", help="Add what this profile (or unikernel) knows. Can be repeated."
    ),
]
AllowUnsupported = Annotated[
    bool,
    typer.Option(
        "--allow-unsupported", help="Convert what needs what is not there yet (a second process ...)."
    ),
]
NoAdapt = Annotated[
    bool,
    typer.Option(
        "--no-adapt",
        help="Leave the command line of programs as it is: no single-process option of their own.",
    ),
]
Force = Annotated[bool, typer.Option("--force", "-f", help="Overwrite files that are there.")]
NoCache = Annotated[
    bool,
    typer.Option("--no-cache", help="Convert anew, even if the same was converted before."),
]
Json = Annotated[
    bool, typer.Option("--json", help="Print one JSON document on standard output, nothing else.")
]
Verbose = Annotated[bool, typer.Option("-v", "--verbose", help="Explain each decision on standard error.")]


def choice(option: str, word: str, allowed: Sequence[str]) -> str:
    """`word` if it is one of `allowed`; else UsageError."""
    from converter.errors import UsageError

    if word not in allowed:
        raise UsageError(f"{word!r} is none of: {', '.join(allowed)}", where=option)
    return word


def words(line: str | None, option: str = "--program") -> tuple[str, ...] | None:
    """A command line of one option as words, by the shell's quoting rules. UsageError if they are broken."""
    import shlex

    from converter.errors import UsageError

    try:
        found = None if line is None else tuple(shlex.split(line))
    except ValueError as error:
        raise UsageError(f"{error} in {line!r}", where=option, hint="quote it as for a shell") from error
    if found == () and option == "--program":
        raise UsageError("names no program", where=option, hint="give a path and its arguments")
    return found


def variables(entries: list[str] | None) -> tuple[str, ...]:
    """NAME=VALUE as given; UsageError for what sets nothing: a unikernel must not depend on this host's."""
    from converter.errors import UsageError

    for entry in entries or ():
        if not entry.partition("=")[0] or "=" not in entry:
            raise UsageError(f"{entry!r} sets no variable", where="--env", hint="write NAME=VALUE")
    return tuple(entries or ())


class _ToStandardError(logging.Handler):
    """Writes to what is standard error at that moment, not to what it was when this was made."""

    def emit(self, record: logging.LogRecord) -> None:
        print(self.format(record), file=sys.stderr, flush=True)


def explain(verbose: bool) -> None:
    """Send what the converter decides to standard error if asked for, and only then."""
    logger = logging.getLogger("u2k")
    for handler in [each for each in logger.handlers if isinstance(each, _ToStandardError)]:
        logger.removeHandler(handler)  # a process may run several commands
    logger.setLevel(logging.INFO if verbose else logging.NOTSET)
    if verbose:
        handler = _ToStandardError()
        handler.setFormatter(logging.Formatter("u2k: %(message)s"))
        logger.addHandler(handler)
