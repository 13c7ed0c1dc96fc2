"""A folder for Firecracker: kernel and configuration, for `firecracker --no-api --config-file config.json`.

The configuration is FullVmConfiguration of Firecracker's API (src/firecracker/swagger/firecracker.yaml).
Paths in it are relative, so Firecracker is started in the folder. It boots ELF kernels by PVH where they have
the note.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from converter.formats.shipment import Shipment, check_machine
from converter.run.memory import default_memory

KERNEL = "unikernel"
CONFIGURATION = "config.json"
_TAP = "tap0"


class Firecracker:
    name = "firecracker"
    description = "a folder with kernel and configuration for Firecracker"
    suffix = ""
    cmdline = True

    def check(self, target: str, architecture: str) -> None:
        check_machine(target, architecture, "a folder for Firecracker", ("amd64",))

    def write(self, what: Shipment, out: Path) -> None:
        out.mkdir()
        shutil.copyfile(what.unikernel, out / KERNEL)
        text = json.dumps(configuration(what), indent=2)
        (out / CONFIGURATION).write_text(text + "\n")


def configuration(what: Shipment) -> dict[str, Any]:
    """The document. With the root on a disk the kernel's file is that disk; with a network there is one tap
    device."""
    found: dict[str, Any] = {
        "boot-source": {"kernel_image_path": KERNEL, "boot_args": what.cmdline},
        "machine-config": {"vcpu_count": 1, "mem_size_mib": default_memory(what.manifest) >> 20},
        # Not a root device: Firecracker would add words of its own to the command line for one.
        "drives": [
            {
                "drive_id": "root",
                "is_root_device": False,
                "is_read_only": True,
                "path_on_host": KERNEL,
            }
        ]
        if what.manifest.root_on == "disk"
        else [],
        "network-interfaces": [{"iface_id": "eth0", "host_dev_name": _TAP}]
        if "virtio_net" in what.manifest.parts
        else [],
    }
    if "virtio_rng" in what.manifest.parts:
        found["entropy"] = {}
    return found
