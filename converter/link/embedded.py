"""Where the bundle of a unikernel file lies, and the root image in it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO

from converter.errors import UsageError
from converter.link.bundle import MAGIC, root_place
from converter.link.image_header import EHDR, PHDR, PT_BUNDLE, PT_LOAD, Segment


def bundle_in(file: BinaryIO, where: str) -> Segment:
    """The segment that begins with the bundle's magic number. UsageError if there is none.

    Where a machine has the root image on a disk, it lies behind this segment, at the end of the file.
    """
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


def root_in(path: Path) -> tuple[int, int]:
    """Offset and size of the root image, in bytes of the file. UsageError for a file that has none."""
    with path.open("rb") as file:
        bundle = bundle_in(file, str(path))
        file.seek(bundle.offset)
        place = root_place(file.read(min(bundle.filesz, 4096)))
        end = file.seek(0, os.SEEK_END)
    if place is None or bundle.offset + place[0] + place[1] > end:
        raise UsageError("its root image is damaged", where=str(path), hint="convert the image again")
    return bundle.offset + place[0], place[1]
