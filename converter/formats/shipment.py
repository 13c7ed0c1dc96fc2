"""What a format is asked for, and what a format is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from converter.errors import UsageError
from converter.link.manifest import Manifest


@dataclass(frozen=True, slots=True)
class Shipment:
    """A unikernel file on its way.

    name:    what to call it inside the result, where that needs a name
    cmdline: more words for the kernel's command line (libos/include/u2k/boot.h)
    """

    unikernel: Path
    manifest: Manifest
    name: str
    cmdline: str = ""


class Format(Protocol):
    """One way of shipping. `docs/how-to/add-a-format.md` makes one.

    suffix: what files of it end with; "" if it is a folder
    """

    name: str
    description: str
    suffix: str

    def check(self, what: Shipment) -> None:
        """UsageError for what cannot be shipped so; before any long work."""

    def write(self, what: Shipment, out: Path) -> None:
        """Make the file or folder `out`, which is not there. The same shipment gives the same bytes.

        Errors: U2kError, OSError from writing; what is half-written is removed by the caller.
        """


def check_machine(what: Shipment, name: str, architectures: tuple[str, ...]) -> None:
    """UsageError for a unikernel that no virtual machine of one of these (OCI names) boots."""
    where = str(what.unikernel)
    if what.manifest.target != "vm":
        raise UsageError(
            f"a {name} is for virtual machines, and this unikernel is a Linux process",
            where=where,
            hint="convert the image with --target vm, or export it as elf",
        )
    if what.manifest.architecture not in architectures:
        raise UsageError(
            f"no {name} for {what.manifest.architecture} can be made yet",
            where=where,
            hint=f"export it as elf; this format is for {', '.join(architectures)}",
        )


def check_no_cmdline(what: Shipment, name: str) -> None:
    """UsageError for a command line where the format has no place for one."""
    if what.cmdline:
        raise UsageError(f"{name} has no place for a command line", where="--cmdline", hint="leave it away")
