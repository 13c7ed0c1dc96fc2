"""Optional functions: in where what they are for is in, and nowhere else; so are handlers."""

from __future__ import annotations

from pathlib import Path

import pytest

from converter.link.architecture import X86_64
from converter.link.build import PLATFORMS, SHARED, build_archive
from converter.link.catalogue import archive_symbols, read_catalogue
from converter.link.choice import Choice, optional_parts
from converter.link.kernel import Kernel, link_kernel
from converter.link.optional import (
    OptionalSymbol,
    link_what_is_needed,
    linked_symbols,
    optional_symbols,
    replacements,
)
from converter.link.unikernel import kernel_bytes

HELLO = (
    *("arch_prctl", "brk", "execve", "exit_group", "getrandom", "mprotect", "newfstatat", "openat"),
    *("prlimit64", "readlink", "rseq", "set_robust_list", "set_tid_address", "write"),
)
ALWAYS = {"vm": ("overlay", "virtio_console"), "process": ("overlay",)}


def kernel(platform: str, *more: str, parts: tuple[str, ...] = ()) -> Kernel:
    handlers = read_catalogue(build_archive(SHARED, X86_64), X86_64).handlers
    calls = sorted({name for name in (*HELLO, *more) if name in handlers})
    return link_kernel(platform, X86_64, Choice(tuple(calls), tuple(sorted((*ALWAYS[platform], *parts)))))


def everything(platform: str) -> tuple[OptionalSymbol, ...]:
    archives = (archive_symbols(build_archive(name, X86_64)) for name in (SHARED, platform))
    return optional_symbols(set().union(*archives))


@pytest.mark.parametrize("platform", ["vm", "process"])
def test_no_handler_outside_the_choice(platform: str) -> None:
    made = kernel(platform)
    linked = {name[4:] for name in linked_symbols(made.map_file) if name.startswith("sys_")}
    assert linked & set(read_catalogue(build_archive(SHARED, X86_64), X86_64).handlers) == set(
        made.choice.syscalls
    )


@pytest.mark.parametrize("platform", ["vm", "process"])
def test_full_kernel_has_every_optional_function(platform: str) -> None:
    """But those whose condition is something of the other platform."""
    linked = linked_symbols(link_kernel(platform, X86_64).map_file)
    holds = linked | {f"part_{part.name}" for part in optional_parts(platform)}
    missing = {each.symbol for each in everything(platform) if each.condition in holds} - linked
    assert missing == set()


def test_what_stands_for_a_function_exists() -> None:
    symbols = set().union(*(archive_symbols(build_archive(name, X86_64)) for name in (SHARED, *PLATFORMS)))
    assert {each.otherwise for each in everything("vm")} - symbols == set()


def test_what_stands_for_a_function_that_nobody_wants_is_left_out() -> None:
    """Else a kernel without a network had what answers in the place of TCP, and so all of IP."""
    linked = linked_symbols(kernel("vm").map_file)
    assert {"tcp_receive", "ip_unknown_protocol", "inet_missing"} & linked == set()
    assert "unix_missing" in linked_symbols(kernel("vm", "socket").map_file)


def test_conditions_are_symbols_or_parts() -> None:
    symbols = set().union(*(archive_symbols(build_archive(name, X86_64)) for name in (SHARED, *PLATFORMS)))
    parts = {f"part_{part.name}" for part in optional_parts("vm")}
    assert {each.condition for each in everything("vm")} - symbols - parts == set()
    assert {each.symbol for each in everything("vm")} - symbols == set()


@pytest.mark.parametrize(
    ("calls", "function"),
    [
        (("rename",), "mem_rename"),
        (("unlink",), "mem_unlink"),
        (("lgetxattr",), "erofs_xattr"),
        (("getdents64",), "memnode_readdir"),
        (("setitimer",), "cpu_timers_run"),
        (("timer_create",), "posix_timer_taken"),
        (("poll",), "stream_poll"),
        (("clone",), "sched_switch"),
        (("clone",), "thread_exit"),
        (("futex", "clone"), "futex_move"),
        (("rt_sigaction",), "signal_run_handler"),
    ],
)
def test_a_call_brings_what_it_needs(calls: tuple[str, ...], function: str) -> None:
    assert function not in linked_symbols(kernel("process").map_file)
    assert function in linked_symbols(kernel("process", *calls).map_file)


@pytest.mark.parametrize(
    ("part", "function"),
    [
        ("tty", "tty_open"),
        ("lock", "lock_release_file"),
        ("pipe", "fifo_file_ops"),
        ("devfs", "device_ops"),
        ("script", "exec_follow_scripts"),
        ("interpreter", "interpreter_map"),
        ("left_out", "left_out"),
        ("writable", "mem_write"),
        ("writable", "open_create"),
    ],
)
def test_a_part_brings_its_functions(part: str, function: str) -> None:
    assert function not in linked_symbols(kernel("process").map_file)
    assert function in linked_symbols(kernel("process", parts=(part,)).map_file)


def test_kernel_grows_with_its_choice() -> None:
    small, full = kernel_bytes(kernel("vm")), kernel_bytes(link_kernel("vm", X86_64))
    assert small < full * 0.62


def test_size_of_small_kernels() -> None:
    """docs/explanation/kernel-size.md: what a static hello takes, and one that writes; not more."""
    assert kernel_bytes(kernel("vm")) < 76 << 10
    assert kernel_bytes(kernel("vm", parts=("writable",))) < 79 << 10


@pytest.mark.parametrize(
    ("calls", "last"),
    [(set(), {}), ({"a"}, {"a": "x"}), ({"a", "b"}, {"a": "x", "b": "y"}), ({"b"}, {"b": "y"})],
)
def test_only_replacements_that_somebody_wants(calls: set[str], last: dict[str, str]) -> None:
    optional = (OptionalSymbol("a", "never", "x"), OptionalSymbol("b", "never", "y"))
    done: list[dict[str, str]] = []

    def once(replaced: dict[str, str]) -> frozenset[str]:
        done.append(replaced)
        return frozenset(calls - set(replaced))

    link_what_is_needed(optional, (), once, frozenset("ab"))
    assert done[-1] == last


def test_conditions_chain() -> None:
    """a is for b, b for c: with c all come, without it none."""
    optional = (
        OptionalSymbol("a", "b", "x"),
        OptionalSymbol("b", "c", "x"),
        OptionalSymbol("b", "part_p", "y"),
    )
    assert replacements(optional, frozenset()) == {"a": "x", "b": "y"}

    def link(roots: set[str]) -> list[dict[str, str]]:
        done: list[dict[str, str]] = []

        def once(replaced: dict[str, str]) -> frozenset[str]:
            done.append(replaced)
            return frozenset(roots | ({"a", "b"} - set(replaced)))

        link_what_is_needed(optional, ("p",) if "p" in roots else (), once)
        return done

    assert link({"c"})[-1] == {}
    assert link({"p"})[-1] == {}
    assert link({"main"}) == [{"a": "x", "b": "y"}]


def test_map_lines(tmp_path: Path) -> None:
    (tmp_path / "map").write_text(
        "             VMA              LMA     Size Align Out     In      Symbol\n"
        "ffffffff80100000           100000    26000    16 .text\n"
        "ffffffff80100000           100000      17c     1         /x/a.o:(.text.boot)\n"
        "ffffffff80100000           100000        0     1                 pvh_start\n"
        "               0                0        0     1 mem_rename = unlinked_never\n"
        "ffffffff8010017c           10017c       3d     1                 sys_read\n"
    )
    assert linked_symbols(tmp_path / "map") == {"pvh_start", "sys_read"}
