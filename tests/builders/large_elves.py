"""ELF files with far more of everything than compilers write, made by hand: they can be analysed, not run."""

from __future__ import annotations

import struct

CODE = 0x1000  # where the functions lie, one after the other
_FUNCTION = b"\xb8\x27\x00\x00\x00\x0f\x05\xc3"  # mov $39, %eax; syscall; ret: getpid(2)
_PAGE = 4096
_CIE = struct.pack("<IIB3sBBBBB", 20, 0, 1, b"zR\0", 1, 0x78, 16, 1, 0x1B).ljust(24, b"\0")


def large_elf(*, functions: int, symbols: int = 0, relocations: int = 0, frames: int = 0) -> bytes:
    """A shared library of many small functions that ends with one that refers to a table of pointers.

    symbols:     exported functions, each with a name of its own
    relocations: words of the table, R_X86_64_RELATIVE each, to one function after the other
    frames:      entries of the unwind tables
    """
    code = _FUNCTION * functions
    last = CODE + len(code)
    data_at = -(-(last + 8) // _PAGE) * _PAGE
    code += b"\x48\x8d\x05" + struct.pack("<i", data_at - last - 7) + b"\xc3"  # lea table(%rip), %rax; ret
    data = bytearray(bytes(8 * relocations or 8))

    def add(content: bytes) -> int:
        """The address of `content` in the data segment."""
        data.extend(bytes(-len(data) % 8))
        data.extend(content)
        return data_at + len(data) - len(content)

    names = b"\0" + b"".join(b"%07x\0" % number for number in range(symbols))
    entries = [bytes(24)] + [
        struct.pack("<IBBHQQ", 1 + 8 * number, 0x12, 0, 1, CODE + 8 * (number % functions), 8)
        for number in range(symbols)
    ]
    tags = [(5, add(names)), (10, len(names)), (6, add(b"".join(entries)))]
    tags.append((4, add(struct.pack("<II", 0, len(entries)))))
    table = b"".join(
        struct.pack("<QQq", data_at + 8 * number, 8, CODE + 8 * (number % functions))
        for number in range(relocations)
    )
    tags += [(7, add(table)), (8, len(table))]
    tags.append((25, add(struct.pack("<Q", last))))  # DT_INIT_ARRAY
    tags.append((27, 8))
    common = add(_CIE)
    rows = []
    for number in range(frames):
        start = CODE + 8 * (number % functions)
        here = data_at + len(data)
        data += struct.pack("<IIiI", 16, here + 4 - common, start - here - 8, 8).ljust(20, b"\0")
        rows.append((start, here))
    header = add(struct.pack("<BBBB", 1, 0x1B, 0x03, 0x3B))
    data += struct.pack("<iI", common - header - 4, frames)
    data += b"".join(struct.pack("<ii", start - header, entry - header) for start, entry in rows)
    dynamic = add(b"".join(struct.pack("<qQ", *tag) for tag in [*tags, (0, 0)]))
    segments = (
        (1, 5, CODE, len(code)),
        (1, 6, data_at, len(data)),
        (2, 6, dynamic, 16 * (len(tags) + 1)),
        (0x6474E550, 4, header, 12 + 8 * frames),
    )
    ident = b"\x7fELF\x02\x01\x01".ljust(16, b"\0")
    head = struct.pack("<16sHHIQQQIHHHHHH", ident, 3, 62, 1, last, 64, 0, 0, 64, 56, len(segments), 64, 0, 0)
    for kind, flags, at, size in segments:
        head += struct.pack("<IIQQQQQQ", kind, flags, at, at, at, size, size, _PAGE if kind == 1 else 8)
    return head.ljust(CODE, b"\0") + code.ljust(data_at - CODE, b"\0") + bytes(data)
