"""Sizes of memory as users write them, and as much as a unikernel needs."""

from __future__ import annotations

from converter.errors import RunError, UsageError
from converter.link.manifest import Manifest
from converter.sizes import parse_bytes

DEFAULT_HEADROOM = 256 << 20
_MIB = 1 << 20
_BELOW_KERNEL = 1 << 20  # bytes; where PC firmware and its tables are
_LEAST_ROOM = 1 << 20  # bytes; page tables, stacks and the first pages of a program


def parse_size(text: str) -> int:
    """`64M`, `1g`, `4096` (bytes), as docker's -m has it. UsageError for anything else."""
    size = parse_bytes(text, "-m", "write it as 64M or 1G")
    if size < _LEAST_ROOM:
        raise UsageError(
            f"{size} bytes are too little for any program", where="-m", hint="give it 16M or more"
        )
    return size


def loaded_bytes(manifest: Manifest) -> int:
    """What lies in a VM's memory from the start: the kernel, and the root image unless it is on a disk."""
    return manifest.kernel_bytes + (0 if manifest.root_on == "disk" else manifest.root_bytes)


def default_memory(manifest: Manifest) -> int:
    """For a VM: what lies in memory, and room for the program, in whole MiB."""
    needed = loaded_bytes(manifest) + DEFAULT_HEADROOM
    return -(-needed // _MIB) * _MIB


def least_memory(manifest: Manifest) -> int:
    """With less than these bytes, in whole MiB, the machine cannot even start the kernel."""
    return -(-(_BELOW_KERNEL + loaded_bytes(manifest) + _LEAST_ROOM) // _MIB) * _MIB


def check_memory(wanted: int | None, manifest: Manifest) -> None:
    """RunError if a VM of `wanted` bytes has no room for the unikernel."""
    least = least_memory(manifest)
    if wanted is not None and wanted < least:
        raise RunError(
            f"{wanted / _MIB:.4g} MiB are too little: kernel and root image need {least // _MIB} MiB",
            where="-m",
            hint=f"give it {least // _MIB}M or more, or leave -m away",
        )
