"""Which parts and system calls a kernel is linked with."""

from __future__ import annotations

from dataclasses import dataclass

from converter.link.catalogue import Catalogue
from converter.link.parts import all_parts


@dataclass(frozen=True, slots=True)
class Choice:
    """Sorted names: system call handlers, and parts that have a symbol of their own."""

    syscalls: tuple[str, ...]
    parts: tuple[str, ...]


def full(catalogue: Catalogue, platform: str) -> Choice:
    """Everything that can run on `platform`."""
    parts = [
        part.name
        for part in all_parts()
        if part.symbol
        and part.kind in ("filesystem", "driver", "net")
        and (not part.platforms or platform in part.platforms)
    ]
    return Choice(tuple(sorted(catalogue.handlers)), tuple(parts))


def same_parts(syscalls: tuple[str, ...], parts: tuple[str, ...], platform: str) -> Choice:
    """The choice of an existing unikernel, for another platform: its drivers may have no place there."""
    fitting = {part.name for part in all_parts() if not part.platforms or platform in part.platforms}
    return Choice(syscalls, tuple(part for part in parts if part in fitting))
