"""Help texts: examples that can be copied, on a terminal of 80 columns."""

from __future__ import annotations

import re
import shlex

import pytest
import typer.main
from typer.testing import CliRunner

from converter.cli.build import convert_verb, long_options
from converter.cli.main import app
from converter.image_build.words import ENGINES

COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined]
GROUPS = {name: tuple(verb.commands) for name, verb in COMMANDS.items() if hasattr(verb, "commands")}
VERBS = tuple(name for name in COMMANDS if name not in GROUPS)


def help_of(*verb: str) -> str:
    return CliRunner().invoke(app, [*verb, "--help"], env={"COLUMNS": "80"}).output


def examples(text: str) -> list[str]:
    return [line.strip() for line in text.partition("Examples:\n")[2].splitlines() if line]


@pytest.mark.parametrize("verb", VERBS)
def test_examples_are_whole_commands(verb: str) -> None:
    """They ran into each other and were broken in the middle of a word."""
    found = examples(help_of(verb))
    assert found
    known = {option for parameter in COMMANDS[verb].params for option in parameter.opts}
    if verb == "build":  # its options are the engine's and those of convert
        known |= ENGINES | {"--engine", "-t", "-f", "-o", *long_options(convert_verb())}
    for example in found:
        words = shlex.split(example.partition("|")[0])
        assert words[:2] == ["u2k", verb], example
        options = [word for word in words if re.fullmatch(r"--[a-z-]+|-[a-z]", word) and word != "-c"]
        assert set(options) <= known, example


def test_the_version() -> None:
    done = CliRunner().invoke(app, ["--version"])
    assert done.exit_code == 0
    assert done.output.startswith("u2k ")


def test_the_list_of_verbs_is_not_cut() -> None:
    text = help_of()
    assert "..." not in text.partition("Commands:")[2]
    assert len(examples(text)) == 2


@pytest.mark.parametrize(("group", "verb"), [(group, verb) for group in GROUPS for verb in GROUPS[group]])
def test_examples_of_groups(group: str, verb: str) -> None:
    found = examples(help_of(group, verb))
    assert found
    for example in found:
        assert shlex.split(example)[:3] == ["u2k", group, verb]
    assert max(map(len, help_of(group, verb).splitlines())) <= 80


@pytest.mark.parametrize("verb", VERBS)
def test_no_line_is_too_long(verb: str) -> None:
    assert max(map(len, help_of(verb).splitlines())) <= 80
