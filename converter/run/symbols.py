"""Names for the addresses of a panic, out of the unikernel file's symbol table."""

from __future__ import annotations

import bisect
import re
from functools import cached_property
from pathlib import Path

from converter.errors import U2kError
from converter.link.image_header import read_kernel

# Headers, kernel and symbols stand before the bundle, which may be large.
_BEFORE_BUNDLE = 16 << 20
_LABEL, _FUNCTION = 0, 2  # STT_NOTYPE, STT_FUNC
_LONGEST_LABEL = 4096  # assembler labels have no size
_ADDRESS = re.compile(r"\b(?:at |rip[ =])(?:0x)?([0-9a-fA-F]{5,16})\b")


class SymbolTable:
    """Function names by address; read only when the first address is asked for."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @cached_property
    def _symbols(self) -> list[tuple[int, str, int]]:
        """Sorted: address, name, size in bytes."""
        try:
            with self._path.open("rb") as file:
                kernel = read_kernel(file.read(_BEFORE_BUNDLE))
        except (OSError, U2kError, ValueError):
            return []
        kinds = (_LABEL, _FUNCTION)
        return [(value, name, size) for name, value, size, kind in kernel.symbols if kind in kinds]

    def name(self, address: int) -> str | None:
        """`function+0x12`; None outside of the library OS's code."""
        at = bisect.bisect_right(self._symbols, (address, "\U0010ffff", 0)) - 1
        if at < 0:
            return None
        start, name, size = self._symbols[at]
        offset = address - start
        return f"{name}+{offset:#x}" if offset < (size or _LONGEST_LABEL) else None

    def annotate(self, line: str) -> str:
        """A log line of the library OS with names behind the addresses of a back trace."""
        if not line.startswith("u2k: "):
            return line

        def named(match: re.Match[str]) -> str:
            name = self.name(int(match[1], 16))
            return f"{match[0]} ({name})" if name else match[0]

        return _ADDRESS.sub(named, line)
