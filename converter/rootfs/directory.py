"""The blocks of one EROFS directory: sorted names cut into blocks before any node number is known."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from converter.rootfs.ondisk import BLOCK_SIZE, DIRENT_SIZE, pack_directory_block

_Child = TypeVar("_Child")


@dataclass(frozen=True, slots=True)
class DirectoryPlan(Generic[_Child]):
    """Entries by block. `size` in bytes: whole blocks, but the last one counts only what it holds."""

    blocks: tuple[tuple[tuple[bytes, _Child], ...], ...]
    size: int

    @classmethod
    def of(cls, entries: Iterable[tuple[bytes, _Child]]) -> DirectoryPlan[_Child]:
        """Sorts by bytes, `.` and `..` among the others: readers search blocks and entries by bisection."""
        blocks: list[tuple[tuple[bytes, _Child], ...]] = []
        block: list[tuple[bytes, _Child]] = []
        used = 0
        for entry in sorted(entries, key=lambda entry: entry[0]):
            need = DIRENT_SIZE + len(entry[0])
            if used + need > BLOCK_SIZE:
                blocks.append(tuple(block))
                block, used = [], 0
            block.append(entry)
            used += need
        blocks.append(tuple(block))
        return cls(tuple(blocks), (len(blocks) - 1) * BLOCK_SIZE + used)

    def render(self, describe: Callable[[_Child], tuple[int, int]]) -> bytes:
        """The directory's `size` bytes; `describe` gives a child's nid and file type."""
        packed = [
            pack_directory_block((name, *describe(child)) for name, child in block) for block in self.blocks
        ]
        return b"".join(block.ljust(BLOCK_SIZE, b"\0") for block in packed[:-1]) + packed[-1]
