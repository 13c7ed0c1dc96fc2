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

    suffix:  what files of it end with; "" if it is a folder
    cmdline: whether it keeps a command line
    """

    name: str
    description: str
    suffix: str
    cmdline: bool

    def check(self, target: str, architecture: str) -> None:
        """UsageError if no unikernel for these can be shipped so: "vm" or "process", OCI's name."""

    def write(self, what: Shipment, out: Path) -> None:
        """Make the file or folder `out`, which is not there. The same shipment gives the same bytes.

        Errors: U2kError, OSError from writing; what is half-written is removed by the caller.
        """


def check_machine(target: str, architecture: str, name: str, architectures: tuple[str, ...]) -> None:
    """UsageError for what no virtual machine of one of the `architectures` boots."""
    if target != "vm":
        raise UsageError(
            f"{name} is for virtual machines, and not for Linux processes",
            where="--format",
            hint="convert the image with --target vm, or export it as elf",
        )
    if architecture not in architectures:
        raise UsageError(
            f"{name} for {architecture} cannot be made yet",
            where="--format",
            hint=f"export it as elf; this format is for {', '.join(architectures)}",
        )
