"""Completion as docker's own shell scripts ask a plug-in for it: cobra's `__complete` protocol.

Each proposal is a line, a tab before its description; the last line is `:` and a number that says what the
shell does besides (github.com/spf13/cobra, site/content/completions/_index.md).
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typer.core import TyperGroup

_FILES_IF_NONE = 0  # ShellCompDirectiveDefault
_NO_FILES = 4  # ShellCompDirectiveNoFileComp


def answer(root: TyperGroup, words: Sequence[str], name: str) -> str:
    """What docker is told. `words`: those behind the plug-in's name; the last is typed so far, or empty."""
    *before, incomplete = words or [""]
    lines = []
    for item in _proposals(root, name, before, incomplete):
        about = (item.help or "").partition("\n")[0].strip()
        lines.append(f"{item.value}\t{about}" if about else str(item.value))
    return "\n".join([*lines, f":{_NO_FILES if lines else _FILES_IF_NONE}"])


def _proposals(root: TyperGroup, name: str, before: Sequence[str], incomplete: str) -> Sequence[Any]:
    """What typer would propose in a shell, as its CompletionItems; the same for every shell."""
    from typer._completion_classes import completion_init

    completion_init()
    # Older versions of typer stand on the package click, newer ones have it inside.
    click = inspect.getmodule(type(root).make_context)
    assert click is not None
    shells = importlib.import_module(click.__name__.removesuffix(".core") + ".shell_completion")
    shell = shells.get_completion_class("bash")
    found: Sequence[Any] = shell(root, {}, name, "").get_completions(list(before), incomplete)
    return found
