"""ELF files as u2k sees them: one immutable value a file, read in well under a millisecond.

Read with `struct`, not with lief: `import lief` alone costs 0.7-0.8 s, a third of the two seconds a whole
conversion may take, and lief reads a file whole before it looks at it (a hostile one may be 1 GiB of holes).
Loading and library search need a few hundred bytes of it. lief stays the tool where symbols, relocations and
code are wanted: the catalogue of the library OS, and the analysis of system calls. The tests compare the two.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import BinaryIO

from converter.elf.dynamic import DynamicSection, read_dynamic
from converter.elf.identity import IDENTITY_SIZE, ElfIdentity, read_identity
from converter.elf.reader import CorruptElfError, ElfReader, Segment
from converter.errors import IncompatibleImageError

PT_LOAD, PT_DYNAMIC, PT_INTERP, PT_NOTE = 1, 2, 3, 4
PF_X, PF_W, PF_R = 1, 2, 4

_EHDR = struct.Struct("<16sHHIQQQIHHHHHH")
_PHDR = struct.Struct("<IIQQQQQQ")
_NOTE = struct.Struct("<III")
_MAX_HEADERS = 65536 // _PHDR.size  # as Linux fs/binfmt_elf.c has it
_MAX_INTERPRETER = 4096  # PATH_MAX, with the NUL
_MAX_NOTES = 1 << 16  # bytes
_ADDRESS_END = 1 << 47  # of user space on x86-64; arm64 with 48 bits has more, no program asks for it
_GNU_BUILD_ID = 3


@dataclass(frozen=True, slots=True)
class ElfFile:
    """A 64-bit little-endian program or library. Strings are bytes as in the file."""

    identity: ElfIdentity
    entry: int
    interpreter: bytes | None
    dynamic: DynamicSection | None  # None: no PT_DYNAMIC, so statically linked at a fixed address
    build_id: bytes | None
    segments: tuple[Segment, ...]  # all program headers, in file order

    @property
    def machine(self) -> str:
        return self.identity.machine

    @property
    def type(self) -> str:
        """EXEC or DYN."""
        return self.identity.type

    @property
    def needed(self) -> tuple[bytes, ...]:
        return self.dynamic.needed if self.dynamic else ()

    @property
    def soname(self) -> bytes | None:
        return self.dynamic.soname if self.dynamic else None

    @property
    def loads(self) -> tuple[Segment, ...]:
        return tuple(segment for segment in self.segments if segment.type == PT_LOAD)

    @property
    def static_pie(self) -> bool:
        """A program that relocates itself. Linkers before binutils 2.26 did not say DF_1_PIE."""
        if self.type != "DYN" or self.interpreter is not None or self.dynamic is None:
            return False
        return self.dynamic.pie or bool(self.entry and not self.needed and self.soname is None)


def read_elf(stream: BinaryIO, size: int, where: str) -> ElfFile:
    """Read a program or library of `size` bytes.

    Raises IncompatibleImageError, with `where` as the place, if it is no ELF file, a corrupt one, one for
    a 32-bit or big-endian machine, or neither program nor library.
    """
    reader = ElfReader(stream, size)
    try:
        return _read(reader)
    except CorruptElfError as error:
        raise IncompatibleImageError(
            f"corrupt ELF file: {error}", where=where, hint="rebuild the image; `readelf -lW FILE` says more"
        ) from error


def _read(reader: ElfReader) -> ElfFile:
    identity = read_identity(reader.read(0, IDENTITY_SIZE, "the ELF header"))
    if identity is None:
        raise CorruptElfError("its first bytes make no sense")
    if identity.bits != 64 or not identity.little_endian:
        raise CorruptElfError(f"a 64-bit little-endian file was expected, this one is for {identity.machine}")
    if identity.type not in ("EXEC", "DYN"):
        raise CorruptElfError(f"neither program nor shared library (its type is {identity.type})")
    header = _EHDR.unpack(reader.read(0, _EHDR.size, "the ELF header"))
    entry, table, entry_size, count = header[4], header[5], header[9], header[10]
    if entry_size != _PHDR.size or not 0 < count <= _MAX_HEADERS:
        raise CorruptElfError(f"{count} program headers of {entry_size} bytes each")
    data = reader.read(table, count * _PHDR.size, "the program header table")
    segments = tuple(
        Segment(kind, flags, offset, vaddr, filesz, memsz, align)
        for kind, flags, offset, vaddr, _, filesz, memsz, align in _PHDR.iter_unpack(data)
    )
    reader.loads = _checked_loads(segments, reader.size)
    interpreter, dynamic = _first(segments, PT_INTERP), _first(segments, PT_DYNAMIC)
    return ElfFile(
        identity,
        entry,
        _read_interpreter(reader, interpreter) if interpreter else None,
        read_dynamic(reader, dynamic) if dynamic and dynamic.filesz else None,
        _read_build_id(reader, segments),
        segments,
    )


def _first(segments: tuple[Segment, ...], kind: int) -> Segment | None:
    return next((segment for segment in segments if segment.type == kind), None)


def _checked_loads(segments: tuple[Segment, ...], size: int) -> tuple[Segment, ...]:
    """The PT_LOAD segments, if a loader could map them: ascending, inside the file, congruent to pages."""
    loads = tuple(segment for segment in segments if segment.type == PT_LOAD)
    if not loads:
        raise CorruptElfError("it has no loadable segment")
    end = 0
    for load in loads:
        if load.filesz > load.memsz or load.vaddr + load.memsz > _ADDRESS_END:
            raise CorruptElfError(f"the segment at {load.vaddr:#x} has impossible sizes")
        if load.filesz and load.offset + load.filesz > size:
            raise CorruptElfError(f"the segment at {load.vaddr:#x} reaches beyond the end of the file")
        if load.align & (load.align - 1) or (load.vaddr - load.offset) % 4096:
            raise CorruptElfError(f"the segment at {load.vaddr:#x} is not aligned")
        if load.vaddr < end:
            raise CorruptElfError(f"the segment at {load.vaddr:#x} overlaps another or is out of order")
        end = load.vaddr + load.memsz
    return loads


def _read_interpreter(reader: ElfReader, segment: Segment) -> bytes:
    if not 2 <= segment.filesz <= _MAX_INTERPRETER:
        raise CorruptElfError(f"the interpreter's name has {segment.filesz} bytes")
    text = reader.read(segment.offset, segment.filesz, "the interpreter's name")
    if not text.endswith(b"\0"):
        raise CorruptElfError("the interpreter's name has no end")
    return text.partition(b"\0")[0]


def _read_build_id(reader: ElfReader, segments: tuple[Segment, ...]) -> bytes | None:
    """NT_GNU_BUILD_ID. Notes are of no weight for loading, so nonsense in them is passed over."""
    for segment in segments:
        if (
            segment.type != PT_NOTE
            or segment.filesz > _MAX_NOTES
            or segment.offset + segment.filesz > reader.size
        ):
            continue
        data = reader.read(segment.offset, segment.filesz, "a note")
        align = 8 if segment.align == 8 else 4
        at = 0
        while at + _NOTE.size <= len(data):
            name_size, size, kind = _NOTE.unpack_from(data, at)
            name = at + _NOTE.size
            content = name + name_size + -(name + name_size) % align
            if content + size > len(data):
                break
            if kind == _GNU_BUILD_ID and data[name : name + name_size] == b"GNU\0":
                return data[content : content + size]
            at = content + size + -(content + size) % align
    return None
