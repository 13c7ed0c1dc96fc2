"""A raw disk image, bootable by BIOS and by UEFI."""

from __future__ import annotations

from pathlib import Path

from converter.formats.disk.image import write_disk
from converter.formats.shipment import Shipment, check_machine


class Raw:
    name = "raw"
    description = "a disk image that starts by BIOS and by UEFI"
    suffix = ".raw"
    cmdline = True

    def check(self, target: str, architecture: str) -> None:
        check_machine(target, architecture, "a disk image", ("amd64",))

    def write(self, what: Shipment, out: Path) -> None:
        with out.open("w+b", buffering=0) as file:
            write_disk(what.unikernel, file, what.cmdline)
