"""Names for the addresses of a panic, out of the unikernel file's symbol table."""

from __future__ import annotations

import bisect
import re
from functools import cached_property
from pathlib import Path

from converter.errors import U2kError
from converter.link.image_header import read_kernel

_ADDRESS = re.compile(r"(u2k: at )(0x[0-9a-fA-F]+|[0-9a-fA-F]{8,16})")


class SymbolTable:
    """Function names by address; read only when the first address is asked for."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @cached_property
    def _symbols(self) -> list[tuple[int, str]]:
        try:
            with self._path.open("rb") as file:
                data = file.read(16 << 20)  # headers, kernel and symbols stand before the bundle
            return [(value, name) for name, value, _, kind in read_kernel(data).symbols if kind in (0, 2)]
        except (OSError, U2kError):
            return []

    def name(self, address: int) -> str | None:
        """`function+0x12`, or None."""
        at = bisect.bisect_right(self._symbols, (address, "\U0010ffff")) - 1
        if at < 0:
            return None
        start, name = self._symbols[at]
        return f"{name}+{address - start:#x}"

    def annotate(self, line: str) -> str:
        """A log line of the library OS with names behind the addresses of a back trace."""

        def named(match: re.Match[str]) -> str:
            name = self.name(int(match[2], 16))
            return f"{match[0]} ({name})" if name else match[0]

        return _ADDRESS.sub(named, line)
