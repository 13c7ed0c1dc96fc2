"""Firecracker's configuration, against the definitions of its API.

The schema says what src/firecracker/swagger/firecracker.yaml (version 1.17) says of the parts that are
written: names, types, what is required, and nothing besides, since Firecracker refuses what it does not know.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from converter.formats.export import export
from converter.formats.firecracker import configuration
from converter.formats.shipment import Shipment
from converter.link.manifest import read_manifest

TEXT, TRUTH = {"type": "string"}, {"type": "boolean"}


def closed(required: list[str], **properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": required, "properties": properties, "additionalProperties": False}


MACHINE = closed(
    ["mem_size_mib", "vcpu_count"],
    mem_size_mib={"type": "integer", "minimum": 1},
    vcpu_count={"type": "integer", "minimum": 1, "maximum": 32},
    smt=TRUTH,
    track_dirty_pages=TRUTH,
    cpu_template=TEXT,
    huge_pages=TEXT,
)
DRIVE = closed(
    ["drive_id", "is_root_device"],
    drive_id=TEXT,
    is_root_device=TRUTH,
    is_read_only=TRUTH,
    path_on_host=TEXT,
    partuuid=TEXT,
    cache_type={"enum": ["Unsafe", "Writeback"]},
    io_engine={"enum": ["Sync", "Async"]},
)
INTERFACE = closed(["host_dev_name", "iface_id"], host_dev_name=TEXT, iface_id=TEXT, guest_mac=TEXT)
SCHEMA = closed(
    ["boot-source", "drives"],
    **{
        "boot-source": closed(
            ["kernel_image_path"], kernel_image_path=TEXT, boot_args=TEXT, initrd_path=TEXT
        ),
        "drives": {"type": "array", "items": DRIVE},
        "machine-config": MACHINE,
        "network-interfaces": {"type": "array", "items": INTERFACE},
        "entropy": closed([], rate_limiter={}),
    },
)


@pytest.mark.parametrize("which", ["in_memory", "on_disk"])
def test_the_folder(which: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    unikernel: Path = request.getfixturevalue(which)
    folder = export(unikernel, "firecracker", tmp_path / "vm", cmdline="A=1")
    document = json.loads((folder / "config.json").read_text())
    jsonschema.validate(document, SCHEMA)
    source = document["boot-source"]
    assert (folder / source["kernel_image_path"]).read_bytes() == unikernel.read_bytes()
    assert source["boot_args"] == "A=1"
    assert len(document["drives"]) == (which == "on_disk")
    for drive in document["drives"]:
        assert (folder / drive["path_on_host"]).is_file() and drive["is_read_only"]


def test_devices_are_those_that_it_has_drivers_for(in_memory: Path) -> None:
    from dataclasses import replace

    manifest = read_manifest(in_memory)
    none = configuration(Shipment(in_memory, replace(manifest, parts=()), "x"))
    assert none["network-interfaces"] == [] and "entropy" not in none
    both = configuration(Shipment(in_memory, replace(manifest, parts=("virtio_net", "virtio_rng")), "x"))
    jsonschema.validate(both, SCHEMA)
    assert len(both["network-interfaces"]) == 1 and both["entropy"] == {}
