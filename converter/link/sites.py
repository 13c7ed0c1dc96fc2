"""System calls of the root image that can be rewritten from what stands before them (BOOT_SITES)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from converter.image.tree import FileTree
from converter.rootfs.layout import ImageLayout

SHORTEST = 5  # bytes of a jump: what is written in the place of the instruction
_LENGTHS = 8
_OFFSETS = (1 << 32) // _LENGTHS  # what of a root lies beyond is not told


def packed_sites(
    rewritable: Mapping[str, Iterable[tuple[int, int]]], tree: FileTree, layout: ImageLayout
) -> tuple[int, ...]:
    """BOOT_SITES of what the analysis found of objects by path (StaticCalls.rewritable), ascending."""
    of_inode = {tree[path.encode("utf-8", "surrogateescape")]: sites for path, sites in rewritable.items()}
    found = [
        (extent.offset + place) * _LENGTHS + length - SHORTEST
        for extent in layout.extents
        for place, length in of_inode.get(extent.inode, ())
        if extent.offset + place < _OFFSETS and length - SHORTEST < _LENGTHS
    ]
    return tuple(sorted(found))
