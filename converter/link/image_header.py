"""ELF64 little-endian headers, as far as a unikernel file needs them (System V gABI, chapters 4, 5)."""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace

from converter.errors import ToolchainError

PT_LOAD = 1
PT_NOTE = 4
PT_BUNDLE = 0x6B327531  # ours: the bundle, for executables whose loader should not map it
SHT_SYMTAB = 2
SHN_ABS = 0xFFF1

EHDR = struct.Struct("<16sHHIQQQIHHHHHH")
PHDR = struct.Struct("<IIQQQQQQ")
SHDR = struct.Struct("<IIQQQQIIQQ")
SYM = struct.Struct("<IBBHQQ")


@dataclass(frozen=True, slots=True)
class Segment:
    """A program header. Sizes in bytes."""

    type: int
    flags: int
    offset: int
    vaddr: int
    paddr: int
    filesz: int
    memsz: int
    align: int

    def pack(self) -> bytes:
        return PHDR.pack(
            self.type, self.flags, self.offset, self.vaddr, self.paddr, self.filesz, self.memsz, self.align
        )

    def moved(self, offset: int) -> Segment:
        return replace(self, offset=offset)


@dataclass(frozen=True, slots=True)
class KernelElf:
    """A linked kernel, taken apart. `symbols`: (name, value, size, type) of functions and objects."""

    type: int
    machine: int
    entry: int
    segments: tuple[tuple[Segment, bytes], ...]
    symbols: tuple[tuple[str, int, int, int], ...]


def read_kernel(data: bytes) -> KernelElf:
    """Take apart what our own linker made. ToolchainError if it is not what we asked for."""
    try:
        fields = EHDR.unpack_from(data)
        _, kind, machine, _, entry, phoff, shoff, _, _, _, phnum, _, shnum, _ = fields
        segments = []
        for index in range(phnum):
            segment = Segment(*_phdr(data, phoff + index * PHDR.size))
            segments.append((segment, data[segment.offset : segment.offset + segment.filesz]))
        symbols = _symbols(data, shoff, shnum)
    except (struct.error, IndexError) as error:
        raise ToolchainError("the linked kernel is malformed", hint="this is a bug in u2k") from error
    return KernelElf(kind, machine, entry, tuple(segments), symbols)


def _phdr(data: bytes, at: int) -> tuple[int, int, int, int, int, int, int, int]:
    return PHDR.unpack_from(data, at)


def _symbols(data: bytes, shoff: int, shnum: int) -> tuple[tuple[str, int, int, int], ...]:
    sections = [SHDR.unpack_from(data, shoff + index * SHDR.size) for index in range(shnum)]
    found = []
    for section in sections:
        if section[1] != SHT_SYMTAB:
            continue
        strings = sections[section[6]]
        names = data[strings[4] : strings[4] + strings[5]]
        for at in range(section[4], section[4] + section[5], SYM.size):
            name, info, _, index, value, size = SYM.unpack_from(data, at)
            if index and info & 15 in (0, 1, 2) and name:
                text = names[name : names.index(b"\0", name)].decode()
                found.append((text, value, size, info & 15))
    return tuple(sorted(found, key=lambda symbol: (symbol[1], symbol[0])))
