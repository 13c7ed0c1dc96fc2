"""What a reader of a configuration finds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from converter.elf.linkmap import shown


@dataclass(slots=True)
class Findings:
    """Each value says where it was read.

    objects: paths (with a slash) or names of shared objects that are opened
    files:   paths that are read; links in them are followed
    """

    objects: dict[bytes, str] = field(default_factory=dict)
    files: dict[bytes, str] = field(default_factory=dict)

    def add_objects(self, paths: Iterable[bytes], where: str) -> None:
        for path in paths:
            self.objects.setdefault(path, where)

    def add_file(self, path: bytes, where: str) -> None:
        self.files.setdefault(path, where)


def said_in(path: bytes, what: str = "") -> str:
    """`what` in a configuration file, for an explanation."""
    return f"{shown(path)}: {what}" if what else shown(path)
