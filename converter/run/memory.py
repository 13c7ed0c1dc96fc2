"""Sizes of memory as users write them, and as much as a unikernel needs."""

from __future__ import annotations

import re

from converter.errors import UsageError
from converter.link.manifest import Manifest

_UNITS = {"": 1, "b": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}
DEFAULT_HEADROOM = 256 << 20


def parse_size(text: str) -> int:
    """`64M`, `1g`, `4096` (bytes), as docker's -m has it. UsageError for anything else."""
    match = re.fullmatch(r"(\d{1,15})([bkmgt]?)(?:i?b)?", text.strip().lower())
    if match is None or int(match[1]) == 0:
        raise UsageError(f"{text!r} is no size", where="-m", hint="write it as 64M or 1G")
    return int(match[1]) * _UNITS[match[2]]


def default_memory(manifest: Manifest) -> int:
    """For a VM: kernel and root image, which lie in memory, and room for the program, in whole MiB."""
    needed = manifest.kernel_bytes + manifest.root_bytes + DEFAULT_HEADROOM
    return -(-needed // (1 << 20)) << 20
