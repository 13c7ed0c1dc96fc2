"""The unikernel file as it is: what `qemu -kernel`, Cloud Hypervisor and Firecracker boot, or Linux runs."""

from __future__ import annotations

import shutil
from pathlib import Path

from converter.formats.shipment import Shipment


class Elf:
    name = "elf"
    description = "one ELF file, for -kernel of a virtual machine monitor"
    suffix = ".u2k"
    cmdline = False

    def check(self, target: str, architecture: str) -> None:
        return

    def write(self, what: Shipment, out: Path) -> None:
        shutil.copyfile(what.unikernel, out)
        out.chmod(0o755)
