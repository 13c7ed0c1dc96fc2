"""Examples at the end of a verb's help: whole commands, one a line, that can be copied."""

from __future__ import annotations


def examples(*commands: str) -> str:
    """The text for `epilog`. Click leaves the lines of a paragraph as they are after a `\\b`."""
    return "\n".join(("\b", "Examples:", *(f"  {command}" for command in commands)))
