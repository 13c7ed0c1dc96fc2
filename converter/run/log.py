"""The library OS's log on its way to our standard error."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from typing import TextIO

from converter.errors import RunError
from converter.run.calls import named_call
from converter.run.symbols import SymbolTable

_LONGEST = 1 << 16  # characters; a log line has a few hundred
_PANIC = "u2k: panic:"
_STDERR = 2


class Log:
    """Passes lines on, with names for addresses and calls, and remembers whether the library OS failed.

    `machine`: the unikernel's, as uname -m has it. `watch` sees each line first, with the names of calls and
    without its newline; those that it answers with True are not passed on.
    `raw`: standard error may be a terminal in raw mode, which needs the carriage return said.
    """

    def __init__(
        self,
        symbols: SymbolTable,
        machine: str,
        *,
        raw: bool = False,
        watch: Callable[[str], bool] | None = None,
    ) -> None:
        self._machine = machine
        self._watch = watch
        self._symbols = symbols
        self._end = "\r\n" if raw else "\n"
        self._panicked = False

    def carry(self, lines: TextIO) -> None:
        """Until the end of `lines`. A standard error that nobody reads loses them; the program goes on."""
        while line := lines.readline(_LONGEST):
            self._panicked = self._panicked or line.startswith(_PANIC)
            told = named_call(line.rstrip("\n"), self._machine)
            if self._watch is not None and self._watch(told):
                continue
            text = self._symbols.annotate(told) + self._end
            with contextlib.suppress(OSError):
                os.write(_STDERR, text.encode(errors="replace"))

    def check(self) -> None:
        """RunError if there was a panic."""
        if self._panicked:
            raise RunError(
                "the library OS failed; its last words are above",
                hint="this is a bug in u2k: report it with these lines, the image and the command",
            )
