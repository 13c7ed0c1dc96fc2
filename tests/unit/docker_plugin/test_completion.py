"""Completion by cobra's protocol, and help that calls the command as docker does."""

from __future__ import annotations

import pytest

from converter.cli.docker import NAME, command_tree
from converter.docker_plugin.completion import answer


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["conv"], ["convert\tConvert a container image into a unikernel.", ":4"]),
        (["convert", "--files", "s"], ["slim", "strict", ":4"]),
        (["plugin", "rem"], ["remove\tTake the plug-in away.", ":4"]),
        (["nonsense", "x"], [":0"]),
        (["convert", "-o", ""], [":0"]),
    ],
)
def test_proposals(words: list[str], expected: list[str]) -> None:
    assert answer(command_tree(), words, NAME).splitlines() == expected


def test_all_verbs_are_proposed_without_a_word() -> None:
    verbs = {line.partition("\t")[0] for line in answer(command_tree(), [], NAME).splitlines()[:-1]}
    assert {"convert", "run", "build", "plugin"} <= verbs


@pytest.mark.parametrize("words", [["--help"], ["convert", "--help"], ["build", "--help"], ["rm", "--help"]])
def test_help_calls_it_docker_u2k(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        command_tree().main(args=words, prog_name=NAME)
    text = capsys.readouterr().out
    assert text.startswith(f"Usage: docker u2k {'' if words == ['--help'] else words[0]}")
    examples = text.partition("Examples:\n")[2].splitlines()
    assert examples
    assert all(line.startswith("    docker u2k ") for line in examples if line)
