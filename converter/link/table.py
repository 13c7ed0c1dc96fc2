"""The table object: the one generated C file, which names what was chosen (u2k/part.h, u2k/syscall.h)."""

from __future__ import annotations

from converter.link.catalogue import Catalogue
from converter.link.choice import Choice
from converter.link.parts import Part, all_parts

_HEAD = """\
#include <u2k/part.h>
#include <u2k/string.h>
#include <u2k/syscall.h>
"""

_NAMES = """
const char *syscall_name(unsigned nr)
{
    if (nr >= %d)
        return NULL;
    const char *name = names;
    for (; nr; nr--)
        name += strlen(name) + 1;
    return *name ? name : NULL;
}
"""


def table_source(catalogue: Catalogue, choice: Choice) -> str:
    """C source of the tables for `choice`."""
    size = max(catalogue.names) + 1
    lines = [_HEAD]
    lines += [f"long sys_{name}(struct syscall *);" for name in choice.syscalls]
    lines.append(f"const syscall_fn syscall_table[{size}] = {{")
    lines += [f"    [{catalogue.handlers[name]}] = sys_{name}," for name in choice.syscalls]
    lines.append("};")
    lines.append(f"const unsigned syscall_table_size = {size};")
    lines.append("static const char names[] =")
    lines += [f'    "{catalogue.names.get(number, "")}\\0"' for number in range(size)]
    lines.append("    ;" + _NAMES % size)
    chosen = [part for part in all_parts() if part.name in choice.parts]
    lines += _objects("filesystem", "part_filesystems", chosen)
    lines += _objects("driver", "part_drivers", chosen)
    return "\n".join(lines) + "\n"


def _objects(kind: str, table: str, parts: list[Part]) -> list[str]:
    symbols = [part.symbol for part in parts if part.kind == kind and part.symbol]
    declared = [f"extern const struct {kind} {symbol};" for symbol in symbols]
    named = "".join(f"&{symbol}, " for symbol in symbols)
    return [*declared, f"const struct {kind} *const {table}[] = {{{named}NULL}};"]
