"""The table object: the one generated C file, which names what was chosen (u2k/part.h, u2k/syscall.h)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from converter.analyze.probed_files import probed_files
from converter.cache import cache_folder, made_once
from converter.link.catalogue import Catalogue
from converter.link.choice import Choice
from converter.link.names import find_pairs, joined, pack
from converter.link.parts import Part, all_parts
from converter.link.source import combined_digest, libos_root
from converter.link.tracing import shapes_table

_HEAD = """\
#include <u2k/part.h>
#include <u2k/syscall.h>
"""
_UNKNOWN, _LINKABLE = "-", "+"  # SYSCALL_* of u2k/syscall.h


def table_source(catalogue: Catalogue, choice: Choice) -> str:
    """C source of the tables for `choice`."""
    handlers = {catalogue.handlers[name]: name for name in choice.syscalls}
    lines = [_HEAD]
    lines += [f"long sys_{name}(struct syscall *);" for name in choice.syscalls]
    chosen = [part for part in all_parts() if part.name in choice.parts]
    interposer = next((part for part in chosen if part.interposer), None)
    lines += _handlers(handlers) if interposer is None else _interposed(handlers, interposer, catalogue)
    lines.append(f"const long syscall_restart_nr = {_number(catalogue, 'restart_syscall')};")
    lines += _names(catalogue, frozenset(choice.syscalls))
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


def _handlers(handlers: dict[int, str], table: str = "syscall_handlers", size: int = 0) -> list[str]:
    """Handlers in the order of their numbers, and for each number which one; 0 is `syscall_absent`.

    At least `size` numbers get an index.
    """
    size = max(size, max(handlers, default=-1) + 1)
    places = {number: at for at, number in enumerate(sorted(handlers), start=1)}
    listed = ", ".join(["syscall_absent", *(f"sys_{handlers[number]}" for number in sorted(handlers))])
    index = ", ".join(str(places.get(number, 0)) for number in range(size)) or "0"
    return [
        f"const syscall_fn {table}[] = {{{listed}}};",
        f"const uint16_t syscall_index[] = {{{index}}};",
        f"const unsigned syscall_index_size = {size};",
    ]


def _interposed(handlers: dict[int, str], part: Part, catalogue: Catalogue) -> list[str]:
    """The interposer in the place of every handler; the handlers in a table of its own."""
    return [
        f"#include <{part.header}>",
        *_handlers(handlers, "trace_handlers", max(catalogue.names) + 1),
        f"const syscall_fn syscall_handlers[] = {{[0 ... {len(handlers)}] = {part.interposer}}};",
        *shapes_table(catalogue),
    ]


@cache
def quiet_calls() -> frozenset[str]:
    """The reviewed list of calls that programs only try: core/quiet.txt."""
    lines = (libos_root() / "core/quiet.txt").read_text().splitlines()
    return frozenset(line.split()[0] for line in lines if line and not line.startswith("#"))


def marked_names(catalogue: Catalogue, linked: frozenset[str]) -> list[str]:
    """By number: a mark and the name of each call that is not in `linked`, else nothing."""

    def one(name: str | None) -> str:
        if name is None or name in linked:
            return ""
        return (_LINKABLE if name in catalogue.handlers else _UNKNOWN) + name

    names = [one(catalogue.names.get(number)) for number in range(max(catalogue.names) + 1)]
    while names and not names[-1]:
        names.pop()
    return names


def _names(catalogue: Catalogue, linked: frozenset[str]) -> list[str]:
    names = marked_names(catalogue, linked)
    pairs = _pairs(joined(marked_names(catalogue, frozenset())))
    used = ", ".join(f"{{{first}, {second}}}" for first, second in pairs) or "{0}"
    text = ", ".join(map(str, pack(joined(names), pairs))) or "0"
    quiet = [number for number, name in sorted(catalogue.names.items()) if name in quiet_calls() - linked]
    return [
        f"const uint8_t syscall_name_pairs[][2] = {{{used}}};",
        f"const uint8_t syscall_names[] = {{{text}}};",
        f"const unsigned syscall_name_count = {len(names)};",
        f"const uint16_t syscall_quiet[] = {{{', '.join(map(str, quiet)) or '0'}}};",
        f"const unsigned syscall_quiet_count = {len(quiet)};",
    ]


def _pairs(text: bytes) -> Sequence[bytes]:
    """Those of all names serve every choice, so that they are found once."""
    path = cache_folder("libos") / f"names-{combined_digest((), text.decode('ascii'))[:32]}.pairs"

    def make(out: Path) -> None:
        out.write_bytes(b"".join(find_pairs(text)))

    flat = made_once(path, make).read_bytes()
    return [flat[at : at + 2] for at in range(0, len(flat), 2)]


def _objects(kind: str, table: str, parts: list[Part]) -> list[str]:
    symbols = [part.symbol for part in parts if part.kind == kind and part.symbol]
    declared = [f"extern const struct {kind} {symbol};" for symbol in symbols]
    named = "".join(f"&{symbol}, " for symbol in symbols)
    return [*declared, f"const struct {kind} *const {table}[] = {{{named}NULL}};"]
