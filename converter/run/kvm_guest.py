"""The probe's guest: the smallest kernel that does what a unikernel does first, as an ELF file of our own.

It starts at the PVH entry (Xen, docs/misc/pvh.pandoc; the note is xen/include/public/elfnote.h's type 18),
turns on paging and long mode, saves and restores the processor's extended state, sets a base register, and
ends the machine by QEMU's isa-debug-exit. A KVM inside a virtual machine may emulate some of that and not
the rest: with PVM, XSAVE at ring 0 stops the guest for good.
"""

from __future__ import annotations

import struct

EXIT_PORT = 0xF4
_EXIT_VALUE = 0x15
EXIT_STATUS = _EXIT_VALUE << 1 | 1  # what QEMU makes of it

_BASE = 0x100000  # where the file is loaded
_CODE64, _GDT, _NOTE, _TABLES = 0x40, 0x100, 0x200, 0x1000  # offsets in the file's loaded part
_STATE = _TABLES + 3 * 4096  # an XSAVE area (Intel SDM 1, 13.4): zeros
_FILE_START = 0x1000

_CODE32_BYTES = bytes.fromhex(
    "b800101000"  # mov $tables, %eax
    "0f22d8"  # mov %eax, %cr3
    "0f20e0 83c820 0f22e0"  # CR4.PAE
    "b9800000c0 0f32 0d00010000 0f30"  # EFER.LME
    "0f20c0 0d01000080 0f22c0"  # CR0.PG and CR0.PE
    "0f011500011000"  # lgdt gdt
    "ea400010000800"  # ljmp $8, $code64
)
_CODE64_BYTES = bytes.fromhex(
    "b801000000 0fa2"  # CPUID, leaf 1
    "0fbae11a 732e"  # no XSAVE: skip what is about it
    "0f20e0 0d00060400 0f22e0"  # CR4.OSFXSR, OSXMMEXCPT, OSXSAVE
    "31c9 31d2 b803000000 0f01d1"  # XSETBV: x87 and SSE
    "bf00401000"  # mov $state, %edi
    "baffffffff b8ffffffff"
    "480fae27 480fae2f"  # xsave64 (%rdi); xrstor64 (%rdi)
    "b9000100c0 31d2 b800100000 0f30"  # WRMSR: FS.base
    "0f31"  # RDTSC
    "b015 e6f4"  # out $0x15, $0xf4
    "f4 ebfd"  # hlt, again and again
)
_PVH_ENTRY = 18


def guest_image() -> bytes:
    """The ELF64 file: one PT_LOAD at 1 MiB, one PT_NOTE."""
    note = struct.pack("<III4sI", 4, 4, _PVH_ENTRY, b"Xen\0", _BASE)
    body = bytearray(_STATE + 4096)
    _put(body, 0, _CODE32_BYTES)
    _put(body, _CODE64, _CODE64_BYTES)
    # lgdt's operand (limit, address), then the table: the null descriptor and a 64-bit code segment
    _put(body, _GDT, struct.pack("<HIxxQQ", 15, _BASE + _GDT + 8, 0, 0x00AF9A000000FFFF))
    _put(body, _NOTE, note)
    for level in range(2):
        _put(body, _TABLES + level * 4096, struct.pack("<Q", _BASE + _TABLES + (level + 1) * 4096 | 3))
    _put(body, _TABLES + 2 * 4096, struct.pack("<Q", 0x83))  # the first 2 MiB onto themselves
    segments = _segment(1, 7, 0, len(body), 4096) + _segment(4, 4, _NOTE, len(note), 4)
    ident = b"\x7fELF\x02\x01\x01".ljust(16, b"\0")
    header = struct.pack("<16sHHIQQQIHHHHHH", ident, 2, 62, 1, _BASE, 64, 0, 0, 64, 56, 2, 64, 0, 0)
    return (header + segments).ljust(_FILE_START, b"\0") + bytes(body)


def _put(body: bytearray, at: int, data: bytes) -> None:
    body[at : at + len(data)] = data


def _segment(kind: int, flags: int, at: int, size: int, align: int) -> bytes:
    return struct.pack("<IIQQQQQQ", kind, flags, _FILE_START + at, _BASE + at, _BASE + at, size, size, align)
