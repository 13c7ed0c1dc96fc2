"""An installed package of a programming language."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class LanguagePackage:
    """kind: the type of its package URL (purl-spec): pypi, npm, gem, composer, maven, cargo, golang, generic

    namespace: npm's scope with its @, composer's vendor, maven's group; empty where there is none
    place:     the file that says so, canonical path in the tree; empty for what a program was linked from
    covers:    files and folders that are its own: it is there as long as a regular file of them is
    licences:  as the package says
    """

    kind: str
    namespace: str
    name: str
    version: str
    place: bytes = b""
    covers: tuple[bytes, ...] = ()
    licences: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """As people of that language write it: `@scope/name`, `group:artifact`, `vendor/name`."""
        between = ":" if self.kind == "maven" else "/"
        return f"{self.namespace}{between}{self.name}" if self.namespace else self.name
