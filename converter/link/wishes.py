"""What the user says of the choice, whatever the evidence says: --add-syscall, --add-part, --drop."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from converter.errors import UsageError
from converter.image.glob import alternatives
from converter.link.architecture import Architecture, architecture
from converter.options import Options

if TYPE_CHECKING:
    from converter.link.parts import Part


@dataclass(frozen=True, slots=True)
class Wishes:
    """Names: of system calls and parts that are in, and of either that are not."""

    calls: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()

    def check(self, machine: Architecture, platform: str) -> None:
        """UsageError for a name that there is not, for a wish against another one, and for leaving out
        what nothing starts without on `platform`.
        """
        if self == Wishes():
            return
        from converter.link.catalogue import syscall_numbers

        calls, parts = set(syscall_numbers(machine)), _parts()
        for name in self.calls:
            if name in parts:
                raise _other_kind(name, "--add-syscall", "a part of the library OS", "--add-part")
            _known(name, "--add-syscall", "system call", calls)
        for name in self.parts:
            if name in calls and name not in parts:
                raise _other_kind(name, "--add-part", "a system call", "--add-syscall")
            _known(name, "--add-part", "part", parts)
            if not parts[name].runs_on(platform):
                raise UsageError(f"the part {name} is not for --target {platform}", where="--add-part")
        for name in self.drop:
            _known(name, "--drop", "system call and no part", calls | parts.keys())
            if name in self.calls or name in self.parts:
                raise UsageError(
                    f"{name} cannot be added and left out", where="--drop", hint="take one of the options"
                )
            if name in parts and always_in(parts[name], platform):
                raise UsageError(f"nothing starts without the part {name}", where="--drop")


def wishes_of(options: Options) -> Wishes:
    """What the user wants whatever the evidence says."""
    return Wishes(options.add_syscalls, options.add_parts, options.drop)


def check_options(options: Options) -> None:
    """Before an image is looked for: names, patterns, the architecture.

    Errors: UsageError; IncompatibleImageError for an architecture that there is no library OS for.
    """
    for pattern in options.keep:
        alternatives(os.fsencode(pattern))
    wishes_of(options).check(architecture(options.platform.architecture), options.target)


def always_in(part: Part, platform: str) -> bool:
    """Whether every unikernel for `platform` has it."""
    return "*" in part.needed_by.platforms or platform in part.needed_by.platforms


def _parts() -> dict[str, Part]:
    from converter.link.parts import all_parts

    return {part.name: part for part in all_parts() if part.optional}


def _other_kind(name: str, option: str, kind: str, other: str) -> UsageError:
    return UsageError(f"{name} is {kind}", where=option, hint=f"add it with: {other} {name}")


def _known(name: str, option: str, kind: str, names: Iterable[str]) -> None:
    if name in names:
        return
    from difflib import get_close_matches

    close = get_close_matches(name, sorted(names), 3)
    hint = f"close to it: {', '.join(close)}" if close else None
    if hint is None and "part" in kind:
        hint = f"parts: {', '.join(sorted(_parts()))}"
    raise UsageError(f"there is no {kind} {name!r}", where=option, hint=hint)
