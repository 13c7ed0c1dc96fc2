"""Lines for people, on standard output: as wide as the terminal, or as they are where there is none."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterable

from converter.report.text import WIDTH, folded


def columns() -> int:
    """How wide lines may be."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else WIDTH


def show(lines: Iterable[str]) -> None:
    """Print `lines`. Long ones are broken on a terminal only: what reads a pipe wants them whole."""
    for line in lines:
        for piece in folded(line, columns()) if sys.stdout.isatty() else [line]:
            print(piece)
