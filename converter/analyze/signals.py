"""Signal names of STOPSIGNAL to Linux numbers (signal(7)), equal on x86-64 and arm64.

Python's own table is the host's, and macOS counts otherwise.
"""

from __future__ import annotations

import re

from converter.errors import IncompatibleImageError

SIGTERM = 15
_SIGRTMIN, _SIGRTMAX = 34, 64  # as libcs show them: the C library keeps 32 and 33
# fmt: off
_NUMBERS = {
    "HUP": 1, "INT": 2, "QUIT": 3, "ILL": 4, "TRAP": 5, "ABRT": 6, "IOT": 6, "BUS": 7, "FPE": 8, "KILL": 9,
    "USR1": 10, "SEGV": 11, "USR2": 12, "PIPE": 13, "ALRM": 14, "TERM": 15, "STKFLT": 16, "CHLD": 17,
    "CLD": 17, "CONT": 18, "STOP": 19, "TSTP": 20, "TTIN": 21, "TTOU": 22, "URG": 23, "XCPU": 24, "XFSZ": 25,
    "VTALRM": 26, "PROF": 27, "WINCH": 28, "IO": 29, "POLL": 29, "PWR": 30, "SYS": 31,
}
# fmt: on


def parse_signal(text: str) -> int:
    """`SIGQUIT`, `quit`, `3`, `SIGRTMIN+3`; empty means SIGTERM. Else IncompatibleImageError."""
    name = text.strip().upper().removeprefix("SIG")
    if not name:
        return SIGTERM
    number = _NUMBERS.get(name, 0)
    if re.fullmatch("[0-9]{1,2}", name):
        number = int(name)
    elif found := re.fullmatch(r"RT(?:MIN(\+[0-9]{1,2})?|MAX(-[0-9]{1,2})?)", name):
        number = (_SIGRTMIN if name.startswith("RTMIN") else _SIGRTMAX) + int(found[1] or found[2] or 0)
        number = number if _SIGRTMIN <= number <= _SIGRTMAX else 0
    if not 1 <= number <= _SIGRTMAX:
        raise IncompatibleImageError(
            f"{text[:40]!r} is no signal", where="STOPSIGNAL", hint="name one as in signal(7), e.g. SIGTERM"
        )
    return number
