"""Programs that know no other way to wait or to read than io_uring (io_uring(7))."""

from __future__ import annotations

import io
import os
import re
import tomllib
from collections.abc import Iterator
from functools import cache

from converter.analyze.refusal.frames import frames
from converter.analyze.refusal.model import Facts, Refusal
from converter.analyze.refusal.reviewed import DATA
from converter.elf.header import read_elf
from converter.elf.memory import ElfMemory
from converter.elf.symbols import dynamic_symbols
from converter.errors import IncompatibleImageError
from converter.image.tree import FileKind
from converter.profile.model import Evidence

_SETUP = "io_uring_setup"
_LIBC = re.compile(r"libc\.so\.6|libc-[0-9.]+\.so|libpthread.*|ld-.*|libc\.musl-.*|liburing\.so.*")
_OBJECT_MAX = 256 << 20  # bytes
# musl's start-up code polls the standard streams, and opens this file where one is closed (__init_libc in
# src/env/__libc_start_main.c); so does Rust's library (sanitize_standard_fds in std's sys/pal/unix/mod.rs).
_CLOSED_STREAM, _STREAM_CHECK = "/dev/null", "poll"


def io_uring(facts: Facts) -> Iterator[Refusal]:
    """Refused only if nothing that could take its place is there: libuv and Tokio fall back to epoll."""
    setup = facts.why(_SETUP)
    if setup is None or _SETUP in facts.handlers:
        return
    calls, symbols = _instead()
    if any(_fallback(each, call, facts) for call in calls for each in facts.profile.syscalls.get(call, ())):
        return
    if any(name in symbols for path in _objects(facts) for name in _imports(facts, path)):
        return
    enter = facts.why("io_uring_enter")
    yield Refusal(
        "io_uring",
        "sets up io_uring, and has no other way to wait or to read",
        (setup, *([enter] if enter else [])),
        "choose a build or an option of the program that uses epoll or plain reads",
    )


def _fallback(why: Evidence, call: str, facts: Facts) -> bool:
    """Whether it is the program's own call, not one that the C library makes for itself."""
    if why.kind == "dynamic":
        return True
    if _LIBC.fullmatch(why.source.rpartition("/")[2]):
        # Who calls the wrapper counts. Of several only one is told, so that symbols are looked at as well.
        return any(not _LIBC.fullmatch(caller.object) for caller in frames(why)[1:2])
    opened = facts.profile.arguments.get("open.path", {}).get(_CLOSED_STREAM, ())
    function = why.detail.partition("+0x")[0]
    return call != _STREAM_CHECK or not any(
        each.source == why.source and each.detail.partition(" ")[0] == function for each in opened
    )


def _objects(facts: Facts) -> Iterator[str]:
    """The program and its libraries, without the C library, and without the one that wraps io_uring."""
    for path in (facts.path, *facts.profile.libraries):
        if not _LIBC.fullmatch(path.rpartition("/")[2]):
            yield path


def _imports(facts: Facts, path: str) -> Iterator[str]:
    """The names of the dynamic symbols that an object asks for; none of a file that cannot be read."""
    tree = facts.resolution.tree
    try:
        found = tree.resolve(os.fsencode(path))
    except UnicodeEncodeError:  # a profile from outside names what can be no path
        return
    if found is None or found[1].kind is not FileKind.REGULAR or found[1].size > _OBJECT_MAX:
        return
    try:
        data = tree.read(found[1], _OBJECT_MAX)
        memory = ElfMemory(data, read_elf(io.BytesIO(data), len(data), path))
    except IncompatibleImageError:
        return
    for symbol in dynamic_symbols(memory, memory.dynamic()):
        if not symbol.defined:
            yield symbol.name.decode("utf-8", "replace")


@cache
def _instead() -> tuple[frozenset[str], frozenset[str]]:
    """System calls and functions that do what io_uring does."""
    with (DATA / "io_uring.toml").open("rb") as file:
        data = tomllib.load(file)
    return frozenset(data["calls"]), frozenset(data["symbols"])
