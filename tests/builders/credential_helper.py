"""A credential helper (docker-credential-NAME) that keeps each login in a file, in $U2K_TEST_STORE."""

from __future__ import annotations

from pathlib import Path

_SCRIPT = """#!/bin/sh
set -eu
given=$(cat)
file() { echo "$U2K_TEST_STORE/$(printf %s "$1" | cksum | cut -d' ' -f1)"; }
case $1 in
get) cat "$(file "$given")" 2> /dev/null || { echo "credentials not found in native keychain"; exit 1; } ;;
store)
    key=$(printf %s "$given" | sed 's/.*"ServerURL": *"\\([^"]*\\)".*/\\1/')
    printf %s "$given" > "$(file "$key")"
    ;;
erase) rm "$(file "$given")" ;;
esac
"""


def install_helper(folder: Path, name: str, script: str = _SCRIPT) -> None:
    """The program in `folder`, which must be in PATH."""
    program = folder / f"docker-credential-{name}"
    program.write_text(script)
    program.chmod(0o755)
