"""What is said of a unikernel that was pushed or pulled."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import TYPE_CHECKING

from converter.report.text import binary, printable

if TYPE_CHECKING:
    from converter.artifact.pull import Pulled
    from converter.artifact.push import Pushed


def pushed_lines(made: Pushed) -> Iterator[str]:
    """For people: where it is, how much of it was there, what is attached."""
    yield printable(f"{made.reference}: {made.digest}")
    counts = [(made.sent, "sent"), (made.mounted, "from another repository"), (made.there, "there before")]
    told = ", ".join(f"{binary(size)} {how}" for size, how in counts if size)
    yield f"{binary(made.size)} in {made.pieces} pieces: {told}"
    if made.subject:
        yield printable(f"refers to its image {made.subject}")
    for kind, digest in made.attached:
        yield printable(f"attached: {kind} {digest}")
    yield printable(f"next: u2k pull {shlex.quote(made.reference)}")


def pulled_lines(made: Pulled, name: str) -> Iterator[str]:
    """For people: which file, from what."""
    yield printable(f"{name} -> {made.file}")
    yield printable(f"{binary(made.size)} in {made.pieces} pieces, verified: {made.digest}")
    yield printable(f"made from the image {made.source}")
    yield printable(f"next: u2k run {shlex.quote(str(made.file))}")
