"""The analysis beside the truth: each call that a program was seen to make must be in its static set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from converter.errors import IncompatibleImageError
from converter.options import Options
from converter.profile.model import Unresolved
from converter.profiling import profile_image
from tests.recall.recording import Recording
from tests.recall.subject import Subject


@dataclass(frozen=True, slots=True)
class Static:
    """The static set of one program. `open`: why it may not be all, in the analysis's own words."""

    path: str
    calls: frozenset[str]
    unresolved: tuple[Unresolved, ...]
    open: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """One program. seen: call -> a line of strace; limit: the most calls that its static set may have."""

    image: str
    static: Static
    seen: Mapping[str, str]
    limit: int | None

    @property
    def misses(self) -> dict[str, str]:
        return {name: line for name, line in sorted(self.seen.items()) if name not in self.static.calls}

    @property
    def recall(self) -> float:
        return 1 - len(self.misses) / len(self.seen) if self.seen else 0.0

    def lines(self) -> list[str]:
        """For people: a line, and one more for each thing that is wrong."""
        size = f"{len(self.static.calls)} static" + (f" of at most {self.limit}" if self.limit else "")
        found = [f"{self.image}: {self.static.path}: {len(self.seen)} seen, {size}, recall {self.recall:.3f}"]
        found += [f"  MISS {name}: {line[:200]}" for name, line in self.misses.items()]
        if self.limit is not None and len(self.static.calls) > self.limit:
            found.append(f"  {len(self.static.calls) - self.limit} calls more than the limit")
        found += [
            f"  UNRESOLVED {each.what} in {each.binary}: {each.function} at {each.address:#x}: {each.reason}"
            for each in self.static.unresolved
        ]
        return found + [f"  open: {reason}" for reason in self.static.open]

    def document(self) -> dict[str, Any]:
        """For machines."""
        return {
            "image": self.image,
            "program": self.static.path,
            "seen": sorted(self.seen),
            "static": sorted(self.static.calls),
            "misses": self.misses,
            "recall": round(self.recall, 4),
            "limit": self.limit,
            "unresolved": [
                {"binary": each.binary, "address": each.address, "function": each.function, "what": each.what}
                for each in self.static.unresolved
            ],
            "open": list(self.static.open),
        }


def analysed(archive: Path, program: str) -> Static:
    """What reading the image's files says of `program`. Raises IncompatibleImageError."""
    found = profile_image(str(archive), Options(source="archive", program=(program,))).static
    return Static(found.subject.path, frozenset(found.syscalls), found.unresolved, found.open)


def compare(subject: Subject, archive: Path, recording: Recording) -> list[Comparison]:
    """One comparison for each of the subject's programs. Raises ValueError where one did not run."""
    found = []
    for number, program in enumerate(subject.programs):
        if program not in recording.programs:
            ran = ", ".join(sorted(recording.programs))
            raise ValueError(f"images/{subject.name}.toml: {program} was not run; these were: {ran}")
        try:
            static = analysed(archive, program)
        except IncompatibleImageError as error:
            raise ValueError(f"images/{subject.name}.toml: {program}: {error}") from error
        limit = subject.limit if number == 0 else None
        found.append(Comparison(subject.name, static, recording.programs[program], limit))
    return found
