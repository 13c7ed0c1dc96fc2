"""What a linked kernel consists of, in bytes of the file by part, as the linker's map says."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from converter.link.parts import part_of
from converter.link.source import source_files

TABLE, TEXTS = "table of system calls and parts", "texts"
# Address, load address, size, alignment, then an object's section, indented by eight.
_PIECE = re.compile(r"\s*[0-9a-f]+\s+[0-9a-f]+\s+([0-9a-f]+)\s+\d+         (\S+):\((\.\S+?)\)$")
_FILE_SECTIONS = (".text", ".rodata", ".data", ".note")
_MERGED = "<internal>"  # texts that the linker has put together


def bytes_by_part(map_file: Path) -> Counter[str]:
    """Text, constants and data of each part, by its name; TABLE and TEXTS are of none.

    The sum is less than the manifest's `kernel_bytes` by some bytes of alignment.
    """
    parts = {"-".join(path.with_suffix("").parts): part_of(path) for path in source_files()}
    found: Counter[str] = Counter()
    for line in map_file.read_text().splitlines():
        match = _PIECE.match(line)
        if match is None or not match[3].startswith(_FILE_SECTIONS):
            continue
        name = match[2].rpartition("(")[2].rstrip(")").rpartition("/")[2].removesuffix(".o")
        part = parts.get(name)
        found[part.name if part else TEXTS if match[2] == _MERGED else TABLE] += int(match[1], 16)
    return found
