"""`u2k version`: versions of u2k and of what it builds with."""

from __future__ import annotations

from converter import __version__
from converter.cli.examples import examples

EXAMPLES = examples("u2k version")


def command() -> None:
    """Show the versions of u2k, of its compiler and of Python."""
    import platform
    from importlib import metadata

    print(f"u2k {__version__}")
    print(f"ziglang {metadata.version('ziglang')}")
    print(f"python {platform.python_version()}")
