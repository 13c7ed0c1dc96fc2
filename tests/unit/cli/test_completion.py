"""Shell completion, as bash asks for it (typer: _U2K_COMPLETE, COMP_WORDS, COMP_CWORD)."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from converter.profile.writing import profile_text
from tests.unit.profile.profiles import PROFILE

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
        ("u2k conv", ["convert"]),
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


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("u2k convert --files s", ["slim", "strict"]),
        ("u2k convert --target p", ["process"]),
        ("u2k convert --add-syscall io_uring_s", ["io_uring_setup"]),
        ("u2k convert --add-part procf", ["procfs"]),
        ("u2k convert --drop tmp", ["tmpfs"]),
        ("u2k profile --platform linux/ar", ["linux/arm64"]),
        ("u2k explain x.json s", ["syscall", "socket"]),
        ("u2k run --on q", ["qemu"]),
        ("u2k run --machine microvm,", ["microvm,acpi=off"]),
        ("u2k run --source r", ["registry"]),
    ],
)
@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_shell_completes_choices(shell: str, words: str, found: list[str]) -> None:
    incomplete = words.rpartition(" ")[2]
    asked = {
        "bash": {"COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))},
        "zsh": {"_TYPER_COMPLETE_ARGS": words},
        "fish": {"_TYPER_COMPLETE_ARGS": words, "_TYPER_COMPLETE_FISH_ACTION": "get-args"},
    }[shell]
    answer = ask(f"complete_{shell}", **asked)
    assert sorted(
        re.findall(rf"(?:^|\")({re.escape(incomplete)}[\w/,=.-]*)", answer, re.MULTILINE)
    ) == sorted(found)


def test_names_of_a_profile_are_completed(tmp_path: Path) -> None:
    profile = tmp_path / "p.json"
    profile.write_text(profile_text(PROFILE))
    words = f"u2k explain {profile} syscall so"
    assert ask("complete_bash", COMP_WORDS=words, COMP_CWORD="4").split() == ["socket"]
    for broken in ("{", "", "[1]"):
        profile.write_text(broken)
        assert ask("complete_bash", COMP_WORDS=words, COMP_CWORD="4").split() == []
