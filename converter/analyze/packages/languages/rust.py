"""Rust's crates: the list that `cargo auditable` links into a program (cargo-auditable, PARSING.md).

The section .dep-v0 holds zlib-compressed JSON.
"""

from __future__ import annotations

import zlib
from typing import BinaryIO

from converter.analyze.packages.languages.fields import document, name
from converter.analyze.packages.languages.model import LanguagePackage
from converter.elf.named_section import named_section

_SECTION = b".dep-v0"
_PACKED_MAX, _TEXT_MAX = 4 << 20, 8 << 20


def read_crates(stream: BinaryIO, size: int) -> tuple[LanguagePackage, ...]:
    """Sorted, without those that only built it; nothing for a program that carries no such list."""
    data = named_section(stream, size, _SECTION, _PACKED_MAX)
    if data is None:
        return ()
    inflate = zlib.decompressobj()
    try:
        text = inflate.decompress(data, _TEXT_MAX)
    except zlib.error:
        return ()
    top = document(text) if inflate.eof else None
    entries = top.get("packages") if isinstance(top, dict) else None
    found = set()
    for entry in entries if isinstance(entries, list) else []:
        if isinstance(entry, dict) and entry.get("kind", "runtime") == "runtime":
            crate, version = name(entry.get("name")), name(entry.get("version"))
            if crate and version:
                found.add(LanguagePackage("cargo", "", crate, version))
    return tuple(sorted(found))
