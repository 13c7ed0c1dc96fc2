"""What `u2k slim` ends with: for people as lines, for machines as a document."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from converter.report.slim_container import SlimReport
from converter.report.text import binary, printable


def lines(made: SlimReport, image: str, seccomp: Path) -> Iterator[str]:
    """Before and after, and the commands that run it."""
    yield printable(f"{image} -> {made.container.path} ({made.container.name})")
    yield ""
    rows = [
        ("", "container", "slim"),
        ("stored: layers", binary(made.stored_before), binary(made.container.layer.size)),
        ("contents of files", binary(made.before.bytes), binary(made.after.bytes)),
    ]
    for name, label in (
        ("files", "files"),
        ("binaries", "ELF binaries"),
        ("packages", "packages"),
        ("shells", "shells"),
        ("setuid", "setuid programs"),
    ):
        rows.append((label, str(getattr(made.before, name)), str(getattr(made.after, name))))
    widths = [max(len(row[at]) for row in rows) for at in range(3)]
    for name, before, after in rows:
        yield f"  {name:<{widths[0]}}  {before:>{widths[1]}}  {after:>{widths[2]}}".rstrip()
    yield ""
    yield printable(f"seccomp     {seccomp}")
    for note in made.notes:
        yield printable(f"note: {note}")
    yield ""
    profile = f"seccomp={seccomp}"
    yield printable("next: " + shlex.join(["docker", "load", "-i", str(made.container.path)]))
    yield printable("next: " + shlex.join(["docker", "run", "--security-opt", profile, made.container.name]))


def document(made: SlimReport, seccomp: Path) -> dict[str, Any]:
    """The same for machines."""
    container = made.container
    return {
        "file": str(container.path),
        "name": container.name,
        "digest": container.digest,
        "layer": asdict(container.layer),
        "seccomp": str(seccomp),
        "stored_before": made.stored_before,
        "before": asdict(made.before),
        "after": asdict(made.after),
        "notes": list(made.notes),
    }
