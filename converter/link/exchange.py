"""A unikernel file with another kernel: the bundle stays as it is."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from converter.errors import UsageError
from converter.link.bundle import MAGIC
from converter.link.image_header import EHDR, PHDR, PT_BUNDLE, PT_LOAD, Segment
from converter.link.kernel import Kernel
from converter.link.manifest import Manifest, read_manifest
from converter.link.sections import read_profile_section
from converter.link.unikernel import write_frame

_CHUNK = 1 << 20
_PROFILE_LIMIT = 64 << 20  # bytes


def exchange_kernel(path: Path, kernel: Kernel, out: BinaryIO) -> Manifest:
    """Write the unikernel `path` with `kernel`, which is for the same target, to `out` (empty, unbuffered).

    Returns its manifest. Errors: UsageError for a file that is no unikernel, or damaged.
    """
    manifest = read_manifest(path)
    profile = read_profile_section(path, _PROFILE_LIMIT) or b""
    chosen = kernel.choice
    manifest = replace(manifest, syscalls=chosen.syscalls, parts=chosen.parts)
    with path.open("rb") as file:
        bundle = _bundle(file, str(path))
        manifest, at = write_frame(kernel, manifest, profile, bundle.filesz, out)
        out.seek(at)
        file.seek(bundle.offset)
        left = bundle.filesz
        while left and (data := file.read(min(left, _CHUNK))):
            view = memoryview(data)
            while view:
                view = view[out.write(view) :]
            left -= len(data)
        out.truncate(os.lseek(out.fileno(), 0, os.SEEK_CUR))
    return manifest


def _bundle(file: BinaryIO, where: str) -> Segment:
    """The segment that begins with the bundle's magic number."""
    file.seek(0)
    fields = EHDR.unpack(file.read(EHDR.size))
    file.seek(fields[5])
    table = file.read(fields[10] * PHDR.size)
    for at in range(0, len(table) // PHDR.size * PHDR.size, PHDR.size):
        segment = Segment(*PHDR.unpack_from(table, at))
        if segment.type not in (PT_LOAD, PT_BUNDLE):
            continue
        file.seek(segment.offset)
        if file.read(8) == MAGIC.to_bytes(8, "little"):
            return segment
    raise UsageError("it has no root image", where=where, hint="convert the image again")
