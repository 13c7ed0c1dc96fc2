"""Bounds-checked reads from a 64-bit little-endian ELF file. Every length has a limit; nothing is trusted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO

STRING_MAX = 4096  # bytes; PATH_MAX, and more than any name a loader takes


class CorruptElfError(ValueError):
    """The file contradicts itself or ends early. Its text completes "corrupt ELF file: ..."."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A program header (gABI, Program Header). Sizes in bytes; `flags` are PF_X 1, PF_W 2, PF_R 4."""

    type: int
    flags: int
    offset: int
    vaddr: int
    filesz: int
    memsz: int
    align: int


class ElfReader:
    """Reads by file offset, and by virtual address through the PT_LOAD segments."""

    def __init__(self, stream: BinaryIO, size: int) -> None:
        self._stream = stream
        self.size = size
        self.loads: tuple[Segment, ...] = ()

    def read(self, offset: int, length: int, what: str) -> bytes:
        """Exactly `length` bytes at `offset`. Raises CorruptElfError if the file has not got them."""
        if offset < 0 or length < 0 or offset + length > self.size:
            raise CorruptElfError(f"{what} lies beyond the end of the file")
        self._stream.seek(offset)
        data = self._stream.read(length)
        if len(data) != length:
            raise CorruptElfError(f"{what} lies beyond the end of the file")
        return data

    def offset_of(self, vaddr: int, what: str) -> tuple[int, int]:
        """File offset of a virtual address, and how many bytes of the segment's file part follow it."""
        for load in self.loads:
            if load.vaddr <= vaddr < load.vaddr + load.filesz:
                return load.offset + vaddr - load.vaddr, load.vaddr + load.filesz - vaddr
        raise CorruptElfError(f"{what} points outside the file")

    def string(self, vaddr: int, what: str) -> bytes:
        """The NUL-terminated string at a virtual address."""
        offset, room = self.offset_of(vaddr, what)
        text, found, _ = self.read(offset, min(room, STRING_MAX), what).partition(b"\0")
        if not found:
            raise CorruptElfError(f"{what} has no end")
        return text
