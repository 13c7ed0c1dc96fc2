"""What is found out about libraries that are opened at run time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from converter.analyze.calls.model import StaticCalls
from converter.elf.closure import Library
from converter.profile.model import Evidences


@dataclass(frozen=True, slots=True)
class RuntimeObject:
    """A shared object that is opened at run time, or that such a one needs in turn (`needed`).

    entries: globs of the symbols that are looked up in it; empty: any may be
    """

    library: Library
    why: Evidences  # never empty
    needed: bool = False
    entries: tuple[str, ...] = ()

    @property
    def path(self) -> bytes:
        """Canonical, in the image."""
        return self.library.real_path


@dataclass(frozen=True, slots=True)
class RuntimeLibraries:
    """All that a program may load beyond its closure.

    objects: in the order in which they were found to be loadable; none of them is in the closure
    files:   canonical paths of data files and programs that belong to them -> why
    open:    why this may not be all
    calls:   the analysis of the closure with these objects
    """

    objects: tuple[RuntimeObject, ...] = ()
    files: Mapping[bytes, Evidences] = field(default_factory=dict)
    open: tuple[str, ...] = ()
    calls: StaticCalls = field(default_factory=StaticCalls)
