"""Shell completion, as bash asks for it (typer: _U2K_COMPLETE, COMP_WORDS, COMP_CWORD)."""

from __future__ import annotations

import subprocess
import sys

import pytest

SCRIPT = "import sys; sys.argv[0] = 'u2k'; from converter.cli.main import main; main()"


def ask(instruction: str, **words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": ":".join(filter(None, sys.path)), "_U2K_COMPLETE": instruction, **words},
        check=True,
    )
    return done.stdout


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("u2k ins", ["inspect"]),
        ("u2k con", ["convert"]),
        ("u2k convert --pl", ["--platform"]),
        ("u2k inspect --js", ["--json"]),
        ("u2k nothing", []),
    ],
)
def test_bash_completes_verbs_and_options(words: str, found: list[str]) -> None:
    assert ask("complete_bash", COMP_WORDS=words, COMP_CWORD=str(words.count(" "))).split() == found


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_shell_gets_a_script(shell: str) -> None:
    script = ask(f"source_{shell}")
    assert "_U2K_COMPLETE" in script
    assert "u2k" in script
