"""Unwind information: where functions begin and end, and where exceptions land (LSB Core, Exception Frames).

.eh_frame_hdr is a sorted table of all functions that can be unwound: compilers for x86-64 and arm64 write it
for every function by default, and it cannot be stripped. The language-specific data areas say which landing
pads a function has (Itanium C++ ABI, Exception Handling Tables; GCC writes them in this form for all
languages).
"""

from __future__ import annotations

import bisect
import struct
from dataclasses import dataclass

from converter.elf.memory import ElfMemory, first_segment

PT_GNU_EH_FRAME = 0x6474E550
MAX_FRAMES = 1 << 20  # functions of one object
_OMIT, _INDIRECT, _PCREL, _DATAREL = 0xFF, 0x80, 0x10, 0x30
_FORMATS = {0x00: "Q", 0x02: "H", 0x03: "I", 0x04: "Q", 0x09: "", 0x0A: "h", 0x0B: "i", 0x0C: "q", 0x01: ""}
_MAX_LSDA = 1 << 16  # bytes
_MAX_EH_FRAME = 1 << 26  # bytes
_MAX_ENTRY = 64  # bytes of an FDE in front of its instructions: two pointers, a length and one more pointer

_LENGTH_AND_CIE = struct.Struct("<II")
_USUAL_ENTRY = struct.Struct("<IIiiB")  # an FDE: length, offset of the CIE, start, size, length of the rest


class Cursor:
    """Reads the encodings of unwind tables one after the other; past the end all reads give 0."""

    def __init__(self, memory: ElfMemory, address: int, room: int) -> None:
        self._base = address
        self._data = memory.view(address, room)
        self._at = 0

    @property
    def address(self) -> int:
        return self._base + self._at

    @property
    def ended(self) -> bool:
        return self._at >= len(self._data)

    def byte(self) -> int:
        value = self._data[self._at] if self._at < len(self._data) else 0
        self._at += 1
        return value

    def uleb(self) -> int:
        value = shift = 0
        while shift < 64:
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80:
                break
        return value

    def sleb(self) -> int:
        before = self._at
        value = self.uleb()
        bits = 7 * (self._at - before)
        return value - (1 << bits) if value >> (bits - 1) & 1 else value

    def pointer(self, encoding: int, data_base: int = 0) -> int | None:
        """A DW_EH_PE_ encoded pointer. None: omitted, or relative to what only the unwinder knows."""
        if encoding == _OMIT:
            return None
        here, kind = self.address, encoding & 0x0F
        if kind == 0x01:
            value = self.uleb()
        elif kind == 0x09:
            value = self.sleb()
        else:
            layout = _FORMATS.get(kind)
            if not layout:
                return None
            size = struct.calcsize("<" + layout)
            data = self._data[self._at : self._at + size]
            self._at += size
            if len(data) < size:
                return None
            (value,) = struct.unpack("<" + layout, data)
        base = {0: 0, _PCREL: here, _DATAREL: data_base}.get(encoding & 0x70)
        return None if base is None or not value else (value + base) & ((1 << 64) - 1)


@dataclass(frozen=True, slots=True)
class Common:
    """What a CIE says of its FDEs: pointer encodings, and whether there is augmentation data."""

    pointer: int = 0
    lsda: int = _OMIT
    augmented: bool = False
    signal: bool = False  # code that the kernel returns to, entered one byte behind its FDE's start

    @property
    def usual(self) -> bool:
        """FDEs begin as _USUAL_ENTRY does, and have language-specific data only behind a length."""
        return self.augmented and self.pointer == (_PCREL | 0x0B)


class Frames:
    """The functions of an object by its unwind table."""

    def __init__(self, memory: ElfMemory) -> None:
        self._memory = memory
        self._common: dict[int, Common | None] = {}
        table = _read_table(memory)
        self.starts: list[int] = [start for start, _ in table]
        self._entries = [entry for _, entry in table]
        self._ends: dict[int, tuple[int, int]] = {}
        self._signal: set[int] = set()

    def containing(self, address: int) -> tuple[int, int] | None:
        """The [start, end) of the function that has `address` inside, None if no entry covers it."""
        at = bisect.bisect_right(self.starts, address) - 1
        if at < 0:
            return None
        end = self._entry(at)[0]
        if address >= end:
            return None
        start = self.starts[at]
        return (min(start + 1, end), end) if start in self._signal and address > start else (start, end)

    def next_start(self, address: int) -> int | None:
        """The first function start above `address`."""
        at = bisect.bisect_right(self.starts, address)
        return self.starts[at] if at < len(self.starts) else None

    def landings(self, start: int) -> tuple[list[int], list[int], int]:
        """Landing pads, and addresses of the type objects that are caught, of the function at `start`; and
        how many bytes of tables say so.
        """
        known = self._ends.get(start)
        if known is not None and not known[1]:
            return [], [], 0
        at = bisect.bisect_left(self.starts, start)
        if at >= len(self.starts) or self.starts[at] != start:
            return [], [], 0
        lsda = self._entry(at)[1]
        return _read_lsda(self._memory, lsda, start) if lsda else ([], [], 0)

    def _entry(self, at: int) -> tuple[int, int]:
        """End of the function, and address of its language-specific data (0: none), of table entry `at`."""
        start = self.starts[at]
        found = self._ends.get(start)
        if found is None:
            end, lsda = self._read_entry(self._entries[at], start)
            if at + 1 < len(self.starts):
                end = min(end, max(self.starts[at + 1], start + 1))
            found = self._ends[start] = (end, lsda)
        return found

    def _read_entry(self, address: int, start: int) -> tuple[int, int]:
        head = self._memory.view(address, _USUAL_ENTRY.size)
        if len(head) < 8:
            return start + 1, 0
        length, back = _LENGTH_AND_CIE.unpack_from(head)
        if length == 0xFFFFFFFF:  # 64-bit DWARF, which no compiler writes here
            return start + 1, 0
        common = self._common_of(address + 4 - back)
        if common is None:
            return start + 1, 0
        if common.signal:
            self._signal.add(start)
        if common.usual and length >= _USUAL_ENTRY.size - 4 and len(head) == _USUAL_ENTRY.size:
            size, more = _USUAL_ENTRY.unpack(head)[3:]
            if size > 0 and not more:  # nearly all: an offset, a length, and no augmentation data
                return start + min(size, 1 << 30), 0
        cursor = Cursor(self._memory, address + 8, min(max(length - 4, 0), _MAX_ENTRY))
        cursor.pointer(common.pointer)
        size = cursor.pointer(common.pointer & 0x0F) or 1
        lsda = 0
        if common.augmented:
            cursor.uleb()
            lsda = cursor.pointer(common.lsda) or 0
        return start + min(max(size, 1), 1 << 30), lsda

    def _common_of(self, address: int) -> Common | None:
        if address not in self._common:
            self._common[address] = read_common(self._memory, address)
        return self._common[address]


def read_common(memory: ElfMemory, address: int) -> Common | None:
    """The CIE at `address`, None if there is none."""
    head = memory.view(address, 9)
    if len(head) < 9 or head[4:8] != bytes(4):
        return None
    cursor = Cursor(memory, address + 9, min(int.from_bytes(head[:4], "little"), 4096))
    augmentation = bytearray()
    while (byte := cursor.byte()) and len(augmentation) < 8:
        augmentation.append(byte)
    cursor.uleb()
    cursor.sleb()
    cursor.byte() if head[8] == 1 else cursor.uleb()
    if not augmentation.startswith(b"z"):
        return Common()
    cursor.uleb()
    pointer, lsda = 0, _OMIT
    for letter in augmentation[1:]:
        if letter == ord("R"):
            pointer = cursor.byte()
        elif letter == ord("L"):
            lsda = cursor.byte()
        elif letter == ord("P"):
            cursor.pointer(cursor.byte())
    return Common(pointer, lsda, True, signal=b"S" in augmentation)


def _read_table(memory: ElfMemory) -> list[tuple[int, int]]:
    """(function, its entry in .eh_frame), ascending."""
    segment = first_segment(memory.elf, PT_GNU_EH_FRAME)
    rows = _read_header(memory, segment.vaddr) if segment else _scan_entries(memory)
    return sorted({start: entry for start, entry in rows if memory.is_code(start)}.items())


def _read_header(memory: ElfMemory, base: int) -> list[tuple[int, int]]:
    """.eh_frame_hdr, with the one encoding that linkers use: offsets from its own start."""
    head = memory.view(base, 12)
    if len(head) < 12 or head[0] != 1 or head[2] != 0x03 or head[3] != (_DATAREL | 0x0B):
        return []
    if head[1] & 0x0F not in (0x03, 0x0B):
        return []
    count = int.from_bytes(head[8:12], "little")
    memory.incomplete |= count > MAX_FRAMES
    count = min(count, MAX_FRAMES)
    data = memory.view(base + 12, 8 * count)
    pairs = struct.iter_unpack("<ii", data[: len(data) // 8 * 8])
    return [(base + start, base + entry) for start, entry in pairs]


def _scan_entries(memory: ElfMemory) -> list[tuple[int, int]]:
    """All entries of the section .eh_frame, for static programs, which have no table of them."""
    found: list[tuple[int, int]] = []
    left = MAX_FRAMES
    for section in memory.sections:
        if section.name != b".eh_frame":
            continue
        memory.incomplete |= section.size > _MAX_EH_FRAME
        data = memory.view(section.address, min(section.size, _MAX_EH_FRAME))
        at, encodings = 0, dict[int, int | None]()
        while at + 8 <= len(data):
            left -= 1
            if left < 0:
                memory.incomplete = True
                return found
            length, back = struct.unpack_from("<II", data, at)
            if not length or length == 0xFFFFFFFF:
                break
            common = section.address + at + 4 - back
            if back:
                if common not in encodings:
                    read = read_common(memory, common)
                    encodings[common] = read.pointer if read else None
                encoding = encodings[common]
                if encoding is not None:
                    start = Cursor(memory, section.address + at + 8, 8).pointer(encoding)
                    found += [(start, section.address + at)] if start else []
            at += 4 + length
    return found


def _read_lsda(memory: ElfMemory, address: int, function: int) -> tuple[list[int], list[int], int]:
    cursor = Cursor(memory, address, _MAX_LSDA)
    base = cursor.pointer(cursor.byte()) or function
    type_encoding = cursor.byte()
    types_end = 0
    if type_encoding != _OMIT:
        offset = cursor.uleb()
        types_end = cursor.address + offset
    call_encoding = cursor.byte() & 0x0F
    length = cursor.uleb()
    table_end = cursor.address + min(length, _MAX_LSDA)
    pads: list[int] = []
    highest = 0
    while cursor.address < table_end and not cursor.ended:
        for _ in range(2):
            cursor.pointer(call_encoding)
        pad = cursor.pointer(call_encoding)
        action = cursor.uleb()
        highest = max(highest, action)
        if pad:
            pads.append(base + pad)
    types = _caught(memory, cursor.address, types_end, type_encoding) if highest else []
    return pads, types, max(cursor.address, min(types_end, cursor.address + _MAX_LSDA)) - address


def _caught(memory: ElfMemory, start: int, end: int, encoding: int) -> list[int]:
    """The type table grows down from `end` to the action table at `start`: all that can lie between is
    read.
    """
    size = {0x0B: 4, 0x03: 4, 0x0C: 8, 0x04: 8, 0x00: 8}.get(encoding & 0x0F)
    found: list[int] = []
    if size is None or end <= start:
        return found
    for at in range(end - size, max(start, end - _MAX_LSDA), -size):
        value = Cursor(memory, at, size).pointer(encoding & 0x7F)
        if value is not None and memory.is_data(value):
            found.append(value)
    return found
