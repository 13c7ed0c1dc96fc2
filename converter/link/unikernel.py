"""The unikernel file: kernel, bundle and manifest in one ELF, written straight to its place.

VM: the bundle is a PT_LOAD right behind the kernel (symbol __kernel_end), so that every loader of
ELF kernels puts it into memory. Process: it is a segment of our own type, which the executable maps
out of its own file. Where a machine has the root image on a disk, which is this file, the segment
ends before it. Exactly one PT_NOTE holds the PVH entry (VM) and the manifest. Symbols and the profile are
sections, which no loader reads.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from converter.errors import ToolchainError
from converter.link.bundle import PAGE, BootRecord, bundle_head
from converter.link.image_header import (
    EHDR,
    PHDR,
    PT_BUNDLE,
    PT_LOAD,
    PT_NOTE,
    SHDR,
    KernelElf,
    Segment,
    read_kernel,
)
from converter.link.kernel import Kernel
from converter.link.manifest import Manifest
from converter.link.sections import sections
from converter.rootfs.erofs import write_root
from converter.rootfs.layout import ImageLayout


@dataclass(frozen=True, slots=True)
class Unikernel:
    """A written unikernel file. `size` is the file's, in bytes; sizes in the manifest are loaded bytes."""

    path: Path
    size: int
    manifest: Manifest


def kernel_bytes(kernel: Kernel) -> int:
    """Loaded bytes of the kernel: what its PT_LOAD segments take from the file."""
    elf = read_kernel(kernel.path.read_bytes())
    return sum(segment.filesz for segment, _ in elf.segments if segment.type == PT_LOAD)


def write_unikernel(
    kernel: Kernel,
    record: BootRecord,
    root: ImageLayout,
    manifest: Manifest,
    out: BinaryIO,
    profile: bytes = b"",
) -> Manifest:
    """Write the file to `out` (an empty, unbuffered regular file); returns the manifest as written.

    `profile` is the text of the profile that the file carries, if any.

    Errors: OutputError from writing, ToolchainError for a kernel that has no room for a bundle.
    """
    loaded = manifest.root_on != "disk"
    head = bundle_head(record, root.size, root_loaded=loaded)
    manifest = replace(manifest, root_bytes=root.size)
    size = len(head) + (root.size if loaded else 0)
    manifest, bundle_at = write_frame(kernel, manifest, profile, size, out)
    _write(out.fileno(), head, bundle_at)
    out.seek(bundle_at + len(head))
    write_root(root, out)
    return manifest


def write_frame(
    kernel: Kernel, manifest: Manifest, profile: bytes, bundle_size: int, out: BinaryIO
) -> tuple[Manifest, int]:
    """All of a unikernel file but the bundle; the manifest as written, and where the bundle goes.

    Errors: OutputError from writing, ToolchainError for a kernel that has no room for a bundle.
    """
    elf = read_kernel(kernel.path.read_bytes())
    loads = [(segment, data) for segment, data in elf.segments if segment.type == PT_LOAD]
    manifest = replace(manifest, kernel_bytes=sum(segment.filesz for segment, _ in loads))
    notes = b"".join(data for segment, data in elf.segments if segment.type == PT_NOTE) + manifest.note()
    others = [(segment, data) for segment, data in elf.segments if segment.type not in (PT_LOAD, PT_NOTE)]
    count = len(loads) + 2 + len(others)
    position = _page(EHDR.size + count * PHDR.size)
    headers: list[Segment] = []
    pieces: list[tuple[int, bytes]] = []
    for segment, data in loads:
        position = _congruent(position, segment)
        headers.append(segment.moved(position))
        pieces.append((position, data))
        position += len(data)
    # What else the kernel's linker script made (PT_GNU_STACK) describes addresses, not file contents.
    headers += [segment for segment, data in others]
    note_at = -(-position // 4) * 4
    headers.append(Segment(PT_NOTE, 4, note_at, 0, 0, len(notes), len(notes), 4))
    pieces.append((note_at, notes))
    extra = sections(elf, profile, -(-(note_at + len(notes)) // 8) * 8)
    pieces.append((extra.at, extra.contents))
    bundle_at = _page(extra.at + len(extra.contents))
    headers.insert(len(loads), _bundle_segment(kernel, elf, bundle_at, bundle_size))
    ehdr = EHDR.pack(
        b"\x7fELF\x02\x01\x01".ljust(16, b"\0"),
        elf.type,
        elf.machine,
        1,
        elf.entry,
        EHDR.size,
        extra.table_at,
        0,
        EHDR.size,
        PHDR.size,
        len(headers),
        SHDR.size,
        extra.count,
        extra.strings_index,
    )
    pieces.append((0, ehdr + b"".join(segment.pack() for segment in headers)))
    for at, data in pieces:
        _write(out.fileno(), data, at)
    return manifest, bundle_at


def _bundle_segment(kernel: Kernel, elf: KernelElf, offset: int, size: int) -> Segment:
    if kernel.platform != "vm":
        return Segment(PT_BUNDLE, 4, offset, 0, 0, size, size, PAGE)
    ends = [value for name, value, _, _ in elf.symbols if name == "__kernel_end"]
    loads = [segment for segment, _ in elf.segments if segment.type == PT_LOAD]
    if not ends or ends[0] % PAGE or not loads:
        raise ToolchainError("the kernel does not say where its bundle goes", where=str(kernel.path))
    # The last segment tells how far virtual and physical addresses are apart.
    shift = loads[-1].vaddr - loads[-1].paddr
    return Segment(PT_LOAD, 4, offset, ends[0], ends[0] - shift, size, size, PAGE)


def _congruent(position: int, segment: Segment) -> int:
    align = max(segment.align, 1)
    return position + (segment.vaddr - position) % align


def _page(position: int) -> int:
    return -(-position // PAGE) * PAGE


def _write(fd: int, data: bytes, at: int) -> None:
    view = memoryview(data)
    while view:
        done = os.pwrite(fd, view, at)
        view, at = view[done:], at + done
