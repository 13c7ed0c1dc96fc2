"""Executables of the process platform with a core of the tests, and unikernel files for them."""

from __future__ import annotations

import struct
from pathlib import Path

from converter.link import toolchain
from converter.link.architecture import X86_64
from converter.link.build import SHARED, build_archive, include_folders
from converter.link.bundle import MAGIC, VERSION
from converter.link.catalogue import archive_symbols
from converter.link.image_header import PHDR, PT_BUNDLE
from converter.link.optional import optional_symbols, replacements
from converter.link.source import libos_root

GUESTS = Path(__file__).resolve().parent.parent / "guest/process"
PAGE = 4096
EHDR = struct.Struct("<16sHHIQQQIHHHHHH")
HEADER = struct.Struct("<QIIQQQQQ")


def unikernel_file(guest: bytes) -> bytes:
    """The smallest file with a bundle: an ELF header, one segment, `guest` as its root image."""
    guest += bytes(-len(guest) % PAGE)
    head = HEADER.pack(MAGIC, VERSION, HEADER.size, PAGE + len(guest), PAGE, 0, PAGE, len(guest))
    bundle = head.ljust(PAGE, b"\0") + guest
    ident = b"\x7fELF\x02\x01\x01".ljust(16, b"\0")
    elf = EHDR.pack(ident, 2, X86_64.machine, 1, 0, EHDR.size, 0, 0, EHDR.size, PHDR.size, 1, 0, 0, 0)
    elf += PHDR.pack(PT_BUNDLE, 4, PAGE, 0, 0, len(bundle), len(bundle), PAGE)
    return elf.ljust(PAGE, b"\0") + bundle


def executable_of(core: str, folder: Path, *conditions: str) -> Path:
    """The platform with the core GUESTS/`core`. `conditions`: those of its IF_LINKED lines that hold."""
    platform, shared = build_archive("process", X86_64), build_archive(SHARED, X86_64)
    absent = replacements(optional_symbols(archive_symbols(platform)), frozenset(conditions))
    # Functions of their own: a linker script's symbols would not keep the archives' members out.
    stubs = folder / "absent.c"
    lines = [
        f"long {otherwise}(void);\nlong {symbol}(void);\nlong {symbol}(void)\n{{ return {otherwise}(); }}\n"
        for symbol, otherwise in absent.items()
    ]
    stubs.write_text("".join(lines))
    objects = []
    for source in (GUESTS / core, stubs):
        objects.append(folder / f"{source.stem}.o")
        toolchain.compile_object(source, objects[-1], X86_64, include_folders(X86_64))
    made, script = folder / "kernel", libos_root() / "platform/process/x86_64/kernel.lds"
    toolchain.link(made, script, [*objects, platform, shared])
    made.chmod(0o755)
    return made
