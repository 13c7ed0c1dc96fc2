"""ELF64 files made by hand: a header, program headers, and a dynamic section, nothing that could run."""

from __future__ import annotations

import struct
from collections.abc import Sequence

AMD64, ARM64, RISCV64 = 62, 183, 243
EXEC, DYN, REL = 2, 3, 1


def elf(
    *,
    machine: int = AMD64,
    kind: int = DYN,
    entry: int = 0,
    interpreter: bytes | None = None,
    needed: Sequence[bytes] = (),
    soname: bytes | None = None,
    rpath: bytes | None = None,
    runpath: bytes | None = None,
    flags_1: int = 0,
    filters: Sequence[bytes] = (),
    auxiliaries: Sequence[bytes] = (),
    verneed: Sequence[tuple[bytes, bytes, bool]] = (),
    verdef: Sequence[bytes] = (),
    dynamic: bool = True,
) -> bytes:
    """One PT_LOAD maps the whole file at address 0 of the file (0x400000 for EXEC).

    `verneed` has (library, version, weak) triples.
    """
    base = 0x400000 if kind == EXEC else 0
    strings = bytearray(b"\0")
    tags: list[tuple[int, int]] = []

    def string(text: bytes) -> int:
        at = len(strings)
        strings.extend(text + b"\0")
        return at

    tags += [(1, string(name)) for name in needed]
    tags += [(0x7FFFFFFF, string(name)) for name in filters]
    tags += [(0x7FFFFFFD, string(name)) for name in auxiliaries]
    needs = [(string(library), string(version), 2 * weak) for library, version, weak in verneed]
    defined = [string(version) for version in verdef]
    tags += [
        (tag, string(text)) for tag, text in ((14, soname), (15, rpath), (29, runpath)) if text is not None
    ]
    if flags_1:
        tags.append((0x6FFFFFFB, flags_1))
    count = 1 + (interpreter is not None) + dynamic
    at = 64 + 56 * count
    interp = (interpreter or b"") + b"\0"
    at_strings = at + len(interp)
    at_needs = at_strings + len(strings) + -(at_strings + len(strings)) % 8
    versions = _verneed(needs)
    if needs:
        tags += [(0x6FFFFFFE, base + at_needs), (0x6FFFFFFF, len(needs))]
    if defined:
        tags += [(0x6FFFFFFC, base + at_needs + len(versions)), (0x6FFFFFFD, len(defined))]
    versions += _verdef(defined)
    at_dynamic = at_needs + len(versions) + -len(versions) % 8
    table = b"".join(struct.pack("<qQ", *tag) for tag in [*tags, (5, base + at_strings), (0, 0)])
    size = at_dynamic + (len(table) if dynamic else 0)
    headers = [_phdr(1, 0, base, size)]
    if interpreter is not None:
        headers.append(_phdr(3, at, base + at, len(interp)))
    if dynamic:
        headers.append(_phdr(2, at_dynamic, base + at_dynamic, len(table)))
    ident = b"\x7fELF\x02\x01\x01".ljust(16, b"\0")
    start = struct.pack(
        "<16sHHIQQQIHHHHHH", ident, kind, machine, 1, entry, 64, 0, 0, 64, 56, count, 64, 0, 0
    )
    head = (start + b"".join(headers) + interp + bytes(strings)).ljust(at_needs, b"\0") + versions
    return head.ljust(at_dynamic, b"\0") + (table if dynamic else b"")


def _verneed(needs: Sequence[tuple[int, int, int]]) -> bytes:
    """A record with one version each: Elf64_Verneed, then its Elf64_Vernaux."""
    return b"".join(
        struct.pack("<HHIII", 1, 1, library, 16, 32 * (at + 1 < len(needs)))
        + struct.pack("<IHHII", 0, flags, at + 2, version, 0)
        for at, (library, version, flags) in enumerate(needs)
    )


def _verdef(names: Sequence[int]) -> bytes:
    return b"".join(
        struct.pack("<HHHHIII", 1, 0, at + 2, 1, 0, 20, 28 * (at + 1 < len(names)))
        + struct.pack("<II", name, 0)
        for at, name in enumerate(names)
    )


def _phdr(kind: int, offset: int, vaddr: int, size: int) -> bytes:
    return struct.pack("<IIQQQQQQ", kind, 5, offset, vaddr, vaddr, size, size, 4096 if kind == 1 else 8)


def ld_cache(entries: Sequence[tuple[int, bytes, bytes, int]], *, old: int = 0) -> bytes:
    """ld.so.cache in the new format; entries are (flags, name, path, hwcap).

    `old`: number of (empty) entries of an old-style table before it.
    """
    strings = bytearray()
    start = 48 + 24 * len(entries)
    rows = []
    for flags, name, path, hwcap in entries:
        key = start + len(strings)
        strings += name + b"\0"
        value = start + len(strings)
        strings += path + b"\0"
        rows.append(struct.pack("<iIIIQ", flags, key, value, 0, hwcap))
    head = struct.pack("<20sIIB3xI12x", b"glibc-ld.so.cache1.1", len(entries), len(strings), 2, 0)
    prefix = b""
    if old:
        prefix = struct.pack("<12sI", b"ld.so-1.7.0", old) + bytes(12 * old)
        prefix += bytes(-len(prefix) % 8)
    return prefix + head + b"".join(rows) + bytes(strings)
