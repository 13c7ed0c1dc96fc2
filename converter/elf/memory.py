"""An ELF file as it lies in memory before relocation: bytes by virtual address, all reads bounds-checked.

Reads of what is not in the file give None or an empty result instead of an exception: the analysis meets wild
addresses in damaged and hostile files as a matter of course.
"""

from __future__ import annotations

import bisect
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from converter.elf.header import PF_W, PF_X, PT_LOAD, ElfFile
from converter.elf.reader import STRING_MAX, Segment

_SHDR = struct.Struct("<IIQQQQIIQQ")
_WORD = struct.Struct("<Q")
_DYNAMIC_ENTRY = struct.Struct("<qQ")
_MAX_SECTIONS = 4096
_MAX_DYNAMIC = 4096  # entries
_MAX_POINTERS = 1 << 21  # distinct ones
_CHUNK = 1 << 20  # bytes
_PT_DYNAMIC = 2
_PADDING = 4096  # between sections of one segment: perlasm's code is aligned to pages
SHF_EXECINSTR = 4
SHT_SYMTAB, SHT_NOBITS = 2, 8


@dataclass(frozen=True, slots=True)
class Section:
    """A section header (gABI, Sections); files need not have any, and nothing that is loaded depends on
    them.
    """

    name: bytes
    type: int
    flags: int
    address: int
    offset: int
    size: int
    link: int
    entry_size: int


class ElfMemory:
    """The loaded image of `data`, whose headers are `elf`. Addresses are as in the program headers.

    incomplete: readers of tables set it when there is more than they take, so that something may be missing
    """

    def __init__(self, data: bytes, elf: ElfFile) -> None:
        self.data = data
        self.elf = elf
        self.incomplete = False
        loads = elf.loads  # ascending, and apart from each other
        self._loads: list[tuple[int, int, int]] = [
            (load.vaddr, load.vaddr + load.filesz, load.offset - load.vaddr) for load in loads if load.filesz
        ]
        self._load_starts = [low for low, _, _ in self._loads]
        writable = [(load.vaddr, load.vaddr + load.memsz) for load in loads if load.flags & PF_W]
        self._writable = tuple(writable)
        self._writable_starts = [low for low, _ in writable]
        self.sections = _sections(data)
        self.executable = _joined(self._executable_ranges())
        self._code = self.executable[0] if len(self.executable) == 1 else None
        self._code_starts = [low for low, _ in self.executable]
        self.start = loads[0].vaddr
        self.end = loads[-1].vaddr + loads[-1].memsz

    def _executable_ranges(self) -> tuple[tuple[int, int], ...]:
        """Where code can be: executable sections where the file has them, else executable segments."""
        segments = [
            (load.vaddr, load.vaddr + load.filesz)
            for load in self.elf.segments
            if load.type == PT_LOAD and load.flags & PF_X and load.filesz
        ]
        inside = sorted(
            (section.address, section.address + section.size)
            for section in self.sections
            if section.flags & SHF_EXECINSTR
            and section.type != SHT_NOBITS
            and any(low <= section.address < section.address + section.size <= high for low, high in segments)
        )
        covers_entry = not self.elf.entry or any(low <= self.elf.entry < high for low, high in inside)
        return tuple(inside if inside and covers_entry else sorted(segments))

    def is_code(self, address: int) -> bool:
        if self._code is not None:
            return self._code[0] <= address < self._code[1]
        return _within(address, self.executable, self._code_starts)

    def is_data(self, address: int) -> bool:
        """In the loaded image and no code (with the zeroed part of segments)."""
        return self.start <= address < self.end and not self.is_code(address)

    def is_writable(self, address: int) -> bool:
        """In a segment that the program may write to; RELRO parts of it are not told apart."""
        return _within(address, self._writable, self._writable_starts)

    def view(self, address: int, length: int) -> bytes:
        """The bytes of the file at `address`, fewer than `length` where its segment ends."""
        at = bisect.bisect_right(self._load_starts, address) - 1
        if at < 0:
            return b""
        _, high, delta = self._loads[at]
        return self.data[address + delta : min(address + length, high) + delta] if address < high else b""

    def place(self, address: int) -> int | None:
        """Where in the file the byte at `address` is; None outside the file's part of the image."""
        at = bisect.bisect_right(self._load_starts, address) - 1
        return address + self._loads[at][2] if at >= 0 and address < self._loads[at][1] else None

    def address(self, place: int) -> int | None:
        """Where in memory the byte at `place` of the file is; None if it is in no segment."""
        for low, high, delta in self._loads:
            if low <= place - delta < high:
                return place - delta
        return None

    def word(self, address: int) -> int | None:
        """The 64-bit word at `address`, None outside the file's part of the image."""
        at = bisect.bisect_right(self._load_starts, address) - 1
        if at < 0:
            return None
        _, high, delta = self._loads[at]
        return int(_WORD.unpack_from(self.data, address + delta)[0]) if address <= high - 8 else None

    def pointers(self) -> set[int]:
        """Addresses of the image that words of data hold, as a program at fixed addresses has them."""
        found: set[int] = set()
        start, end = self.start, self.end
        for low, high, _ in self._loads:
            first = low + -low % 8
            if self.is_code(first):
                continue
            for at in range(first, high, _CHUNK):
                data = self.view(at, _CHUNK)
                words = struct.unpack(f"<{len(data) // 8}Q", data[: len(data) // 8 * 8])
                found.update([word for word in words if start <= word < end])
                if len(found) > _MAX_POINTERS:
                    self.incomplete = True
                    return found
        return found

    def pointing(self, start: int, end: int) -> Iterator[int]:
        """Where in [start, end) a word holds an address of the image, as programs at fixed addresses have."""
        low, high = self.start, self.end
        for at in range(start + -start % 8, end - 7, _CHUNK):
            data = self.view(at, min(_CHUNK, end - at))
            words = struct.unpack(f"<{len(data) // 8}Q", data[: len(data) // 8 * 8])
            yield from (at + 8 * number for number, word in enumerate(words) if low <= word < high)

    def string(self, address: int) -> bytes | None:
        """The NUL-terminated string at `address`, None if there is none of at most 4096 bytes."""
        text, found, _ = self.view(address, STRING_MAX).partition(b"\0")
        return text if found else None

    def dynamic(self) -> dict[int, int]:
        """The dynamic section, tag -> value; of tags that come several times the last one."""
        segment = first_segment(self.elf, _PT_DYNAMIC)
        if segment is None:
            return {}
        found: dict[int, int] = {}
        data = self.view(segment.vaddr, min(segment.filesz, _MAX_DYNAMIC * _DYNAMIC_ENTRY.size))
        for tag, value in _DYNAMIC_ENTRY.iter_unpack(data[: len(data) // 16 * 16]):
            if tag == 0:
                break
            found[tag] = value
        return found


def _within(address: int, ranges: Sequence[tuple[int, int]], starts: Sequence[int]) -> bool:
    """Whether one of the `ranges`, ascending and apart from each other, has `address` inside."""
    at = bisect.bisect_right(starts, address) - 1
    return at >= 0 and address < ranges[at][1]


def _joined(ranges: tuple[tuple[int, int], ...]) -> tuple[tuple[int, int], ...]:
    """Ranges with nothing but padding between them become one."""
    found: list[tuple[int, int]] = []
    for low, high in ranges:
        if found and low <= found[-1][1] + _PADDING:
            found[-1] = (found[-1][0], max(high, found[-1][1]))
        else:
            found.append((low, high))
    return tuple(found)


def first_segment(elf: ElfFile, kind: int) -> Segment | None:
    return next((segment for segment in elf.segments if segment.type == kind), None)


def _sections(data: bytes) -> tuple[Section, ...]:
    """The section headers; none where the table makes no sense."""
    table, size, count, names = struct.unpack_from("<Q10xHHH", data, 40)
    if size != _SHDR.size or not 0 < count <= _MAX_SECTIONS or table + count * size > len(data):
        return ()
    rows = list(_SHDR.iter_unpack(data[table : table + count * size]))
    at, room = (rows[names][4], rows[names][5]) if names < count else (0, 0)
    strings = data[at : at + min(room, 1 << 20)]
    return tuple(
        Section(_name(strings, row[0]), row[1], row[2], row[3], row[4], row[5], row[6], row[9])
        for row in rows
    )


def _name(strings: bytes, at: int) -> bytes:
    return strings[at : max(strings.find(b"\0", at, at + 256), at)]
