"""How a failure looks: what, where, what to do next; in colour only on a terminal."""

from __future__ import annotations

import os
import sys

from converter.errors import U2kError
from converter.report.text import printable


def report(error: U2kError) -> None:
    """One error, on standard error."""
    # Messages name what images contain, and may hold a compiler's many lines.
    said = "\n".join(printable(line.expandtabs()) for line in str(error).split("\n"))
    print(f"{_red('u2k: error:')} {said}", file=sys.stderr)
    if error.hint:
        print(f"  next: {printable(error.hint)}", file=sys.stderr)


def report_bug(error: Exception) -> None:
    """An exception nobody expected: ours to mend, so it says how to tell us."""
    if os.environ.get("U2K_DEBUG"):
        import traceback

        traceback.print_exception(error)
    print(f"{_red('u2k: internal error:')} {type(error).__name__}: {error}", file=sys.stderr)
    print(
        "  next: this is a bug in u2k; run again with U2K_DEBUG=1 and report what it shows", file=sys.stderr
    )


def _red(text: str) -> str:
    """In colour on a terminal that has some, unless the user wants none (no-color.org)."""
    coloured = sys.stderr.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return f"\x1b[1;31m{text}\x1b[0m" if coloured else text
