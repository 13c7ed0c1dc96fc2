"""The size table that ends a conversion."""

from __future__ import annotations

from dataclasses import dataclass

from converter.convert import Conversion
from converter.image.tree import FileKind


@dataclass(frozen=True, slots=True)
class Sizes:
    """All in bytes, but for `files` (paths of any kind), `libraries` and `syscalls` (counts)."""

    layers_compressed: int
    contents: int
    files: int
    libraries: int
    unikernel: int
    kernel: int
    root: int
    syscalls: int


def sizes(conversion: Conversion) -> Sizes:
    """Counted from the tree and the written file."""
    reading = conversion.profiled.reading
    unique = {id(inode): inode for _, inode in reading.tree.walk()}
    manifest = conversion.unikernel.manifest
    return Sizes(
        layers_compressed=sum(layer.size for layer in reading.image.layers),
        contents=sum(inode.size for inode in unique.values() if inode.kind is FileKind.REGULAR),
        files=len(reading.tree),
        libraries=len(reading.libraries.libraries),
        unikernel=conversion.unikernel.size,
        kernel=manifest.kernel_bytes,
        root=manifest.root_bytes,
        syscalls=len(manifest.syscalls),
    )


def rows(conversion: Conversion) -> list[tuple[str, str, str]]:
    """The table for people: (what, in the container, in the unikernel)."""
    found = sizes(conversion)
    return [
        ("image, compressed", binary(found.layers_compressed), "-"),
        ("files' contents", binary(found.contents), binary(found.contents)),
        ("files", str(found.files), str(found.files)),
        ("libraries loaded", str(found.libraries), str(found.libraries)),
        ("kernel", "the host's", binary(found.kernel)),
        ("system calls", "the host's", str(found.syscalls)),
        ("one bootable file", "-", binary(found.unikernel)),
    ]


def binary(size: int) -> str:
    """A size for people: 512 B, 14.2 KiB, 73.0 MiB."""
    value = float(size)
    for unit in ("B", "KiB", "MiB"):
        if value < 1024:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1024
    return f"{value:.1f} GiB"
