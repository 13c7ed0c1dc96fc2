"""A unikernel file with another kernel: the bundle stays as it is."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from converter.link.embedded import bundle_in, root_in
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
        bundle = bundle_in(file, str(path))
        manifest, at = write_frame(kernel, manifest, profile, bundle.filesz, out)
        out.seek(at)
        left = sum(root_in(path)) - bundle.offset
        file.seek(bundle.offset)
        while left and (data := file.read(min(left, _CHUNK))):
            view = memoryview(data)
            while view:
                view = view[out.write(view) :]
            left -= len(data)
        out.truncate(os.lseek(out.fileno(), 0, os.SEEK_CUR))
    return manifest
