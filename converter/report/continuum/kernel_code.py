"""Machine code of kernels, in bytes: of the host's, as it says itself, and of the one that is linked."""

from __future__ import annotations

import re
from pathlib import Path

from converter.link.image_header import PT_LOAD, read_kernel
from converter.link.kernel import Kernel

_KALLSYMS = Path("/proc/kallsyms")
_EDGE = re.compile(r"([0-9a-f]+) \w (_stext|_etext)$")  # include/asm-generic/sections.h of Linux
_EXECUTABLE = 1  # PF_X, elf(5)


def host_code(symbols: Path = _KALLSYMS) -> int | None:
    """From the first to the last byte of the running kernel's own text; its modules come on top.

    None where it does not say: not Linux, or addresses are for root alone (kptr_restrict, proc(5)).
    """
    found: dict[str, int] = {}
    try:
        with symbols.open() as lines:
            for line in lines:
                if (match := _EDGE.match(line)) is not None:
                    found[match[2]] = int(match[1], 16)
                    if len(found) == 2:
                        break
    except OSError:
        return None
    size = found.get("_etext", 0) - found.get("_stext", 0)
    return size if size > 0 else None


def linked_code(kernel: Kernel) -> int:
    """What the executable segments of a linked kernel take."""
    segments = read_kernel(kernel.path.read_bytes()).segments
    return sum(each.filesz for each, _ in segments if each.type == PT_LOAD and each.flags & _EXECUTABLE)
