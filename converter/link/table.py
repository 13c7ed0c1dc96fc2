"""The table object: the one generated C file, which names what was chosen (u2k/part.h, u2k/syscall.h)."""

from __future__ import annotations

from functools import cache

from converter.analyze.probed_files import probed_files
from converter.link.catalogue import Catalogue
from converter.link.choice import Choice
from converter.link.parts import Part, all_parts
from converter.link.source import libos_root
from converter.link.tracing import shapes_table

_HEAD = """\
#include <u2k/part.h>
#include <u2k/syscall.h>
"""
_WORD = 32  # bits of struct syscall_word


def table_source(catalogue: Catalogue, choice: Choice) -> str:
    """C source of the tables for `choice`."""
    handlers = {catalogue.handlers[name]: name for name in choice.syscalls}
    lines = [_HEAD]
    lines += [f"long sys_{name}(struct syscall *);" for name in choice.syscalls]
    chosen = [part for part in all_parts() if part.name in choice.parts]
    interposer = next((part for part in chosen if part.interposer), None)
    lines += _handlers(handlers) if interposer is None else _interposed(handlers, interposer, catalogue)
    lines.append(f"const long syscall_restart_nr = {_number(catalogue, 'restart_syscall')};")
    lines += _words(catalogue, frozenset(choice.syscalls))
    lines += _objects("filesystem", "part_filesystems", chosen)
    lines += _objects("driver", "part_drivers", chosen)
    hashes = ", ".join(f"{probe_hash(path):#x}" for path in _probes(chosen))
    lines.append(f"const uint32_t part_probes[] = {{{hashes}{', ' if hashes else ''}0}};")
    return "\n".join(lines) + "\n"


def probe_hash(path: str) -> int:
    """FNV-1a of 32 bits, as libos/fs/vfs/mount.c has it."""
    value = 2166136261
    for byte in path.encode():
        value = (value ^ byte) * 16777619 & 0xFFFFFFFF
    return value


def _probes(chosen: list[Part]) -> list[str]:
    """What the C library tries below the folders of parts that were left out, sorted."""
    there = tuple(f"{folder}/" for part in chosen for folder in part.needed_by.files)
    return sorted(path for path in probed_files() if not path.startswith(there))


def _number(catalogue: Catalogue, name: str) -> int:
    return next(number for number, each in catalogue.names.items() if each == name)


def _handlers(handlers: dict[int, str], table: str = "syscall_handlers") -> list[str]:
    """Handlers in the order of their numbers, behind what serves a call that is absent."""
    listed = ", ".join(["syscall_absent", *(f"sys_{handlers[number]}" for number in sorted(handlers))])
    return [f"const syscall_fn {table}[] = {{{listed}}};"]


def _interposed(handlers: dict[int, str], part: Part, catalogue: Catalogue) -> list[str]:
    """The interposer in the place of every handler; the handlers in a table of its own."""
    return [
        f"#include <{part.header}>",
        *_handlers(handlers, "trace_handlers"),
        f"const syscall_fn syscall_handlers[] = {{[0 ... {len(handlers)}] = {part.interposer}}};",
        *shapes_table(catalogue),
    ]


@cache
def quiet_calls() -> frozenset[str]:
    """The reviewed list of calls that programs only try: core/quiet.txt."""
    lines = (libos_root() / "core/quiet.txt").read_text().splitlines()
    return frozenset(line.split()[0] for line in lines if line and not line.startswith("#"))


def _words(catalogue: Catalogue, linked: frozenset[str]) -> list[str]:
    """struct syscall_word of all numbers: who is linked, known, quiet."""
    numbers = {name: number for number, name in catalogue.names.items()}
    sets = tuple(
        sum(1 << numbers[name] for name in names if name in numbers)
        for names in (linked, catalogue.handlers, quiet_calls())
    )
    count = max(catalogue.names) // _WORD + 1
    words, first = [], 1
    for at in range(count):
        bits = [each >> at * _WORD & ((1 << _WORD) - 1) for each in sets]
        words.append(f"{{{', '.join(f'{each:#x}' for each in bits)}, {first}}}")
        first += bits[0].bit_count()
    return [
        f"const struct syscall_word syscall_words[] = {{{', '.join(words)}}};",
        f"const unsigned syscall_word_count = {count};",
    ]


def _objects(kind: str, table: str, parts: list[Part]) -> list[str]:
    symbols = [part.symbol for part in parts if part.kind == kind and part.symbol]
    declared = [f"extern const struct {kind} {symbol};" for symbol in symbols]
    named = "".join(f"&{symbol}, " for symbol in symbols)
    return [*declared, f"const struct {kind} *const {table}[] = {{{named}NULL}};"]
