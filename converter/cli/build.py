"""`u2k build`: the engine builds an image, which becomes a unikernel."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from converter.cli.examples import examples

EXAMPLES = examples(
    "u2k build .",
    "u2k build -t app:1 --build-arg VERSION=7 -f app.Dockerfile . -- -o app.u2k",
    "u2k build --engine podman --keep '/usr/share/app/**' .",
)


class BuildCommand(TyperCommand):
    """A command that takes all words as they are: most are options of the engine, whichever that is."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        before = args[: args.index("--")] if "--" in args else args
        asks = not args or "--help" in before or args[0] == "-h"
        return super().parse_args(ctx, ["--help"] if asks else ["--", *args])


def convert_verb() -> Any:
    """`u2k convert` as a command that can be given words."""
    import typer.main

    from converter.cli import convert

    verb = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False)
    verb.command()(convert.command)
    return typer.main.get_command(verb)


def long_options(verb: Any) -> dict[str, bool]:
    """Those of a command, and whether each takes a value."""
    return {
        option: not getattr(parameter, "is_flag", False)
        for parameter in verb.params
        for option in (*parameter.opts, *parameter.secondary_opts)
        if option.startswith("--")
    }


def command(
    context: typer.Context,
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="[OPTIONS] FOLDER [-- CONVERT OPTIONS]",
            show_default=False,
            help="As for docker build. Options of u2k convert behind --, or before it if no engine has them.",
        ),
    ],
) -> None:
    """Build an image with docker, podman or buildah, then convert it.

    All options of the engine's own build command are passed on, and those of u2k convert to the conversion.
    Before -- one that both have (-o, -f, -t, --target, --sbom ...) is the engine's; --platform is for both.
    --engine NAME chooses the engine: auto, docker, podman or buildah. The unikernel is named after the first
    tag, or the folder.
    """
    import tempfile

    from converter.image_build.builder import find_builder
    from converter.image_build.words import name_of, separate
    from converter.output import check_target, default_name

    verb = convert_verb()
    separated = separate(words, long_options(verb))
    called, wanted = f"{context.command_path} ... --", list(separated.convert)
    given = verb.make_context(called, [*wanted, "--", "."]).params  # wrong words are said before a long build
    output = Path(given["output"] or default_name(name_of(separated.engine)))
    check_target(output, force=given["force"])
    builder = find_builder(separated.builder)
    image = builder.build(separated.engine)
    with tempfile.TemporaryDirectory(prefix="u2k-build-") as folder:
        reference = builder.reference(image, Path(folder))
        verb.main(args=[*wanted, "-o", str(output), "--", reference], prog_name=called, standalone_mode=False)
