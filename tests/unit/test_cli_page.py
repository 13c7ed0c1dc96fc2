"""docs/reference/cli.md has the verbs and options that there are."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import typer.main

from converter.cli.main import app

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "scripts/cli-reference"


def test_page_is_up_to_date() -> None:
    done = subprocess.run([sys.executable, SCRIPT, "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_every_verb_and_option_is_there() -> None:
    text = (ROOT / "docs/reference/cli.md").read_text()
    for name, verb in typer.main.get_command(app).commands.items():  # type: ignore[attr-defined]
        inner = getattr(verb, "commands", None)
        for section in [f"{name} {each}" for each in inner] if inner else [name]:
            assert f"\n## u2k {section}\n" in text
        for parameter in verb.params:
            if parameter.param_type_name == "option" and not parameter.hidden and parameter.name != "help":
                assert all(f"`{option}`" in text for option in parameter.opts)
