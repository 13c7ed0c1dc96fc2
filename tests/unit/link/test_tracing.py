"""The tables of a tracing kernel, and that no other kernel has any of it."""

from __future__ import annotations

import pytest

from converter.errors import ToolchainError
from converter.link import tracing
from converter.link.architecture import ARCHITECTURES, Architecture
from converter.link.catalogue import Catalogue, syscall_numbers
from converter.link.choice import Choice, full
from converter.link.table import table_source
from converter.link.tracing import Shape, shapes


def catalogue(machine: Architecture) -> Catalogue:
    numbers = syscall_numbers(machine)
    handlers = {name: numbers[name] for name in ("read", "openat", "exit_group")}
    return Catalogue(handlers, {number: name for name, number in numbers.items()})


def test_every_name_is_a_system_call_of_some_architecture() -> None:
    known = {name for machine in ARCHITECTURES for name in syscall_numbers(machine)}
    assert set(shapes()) <= known


def test_what_is_written() -> None:
    assert shapes()["openat"] == Shape(path=1, folder=0, kinds=("opens",))
    assert shapes()["openat"].initializer() == "{2, 1, TRACE_OPENS, {{0}}}"
    assert shapes()["socketpair"].initializer() == "{0, 0, 0, {{1, 0xffffffff}, {2, 0xf}}}"


@pytest.mark.parametrize("word", ["path=6", "path=1@", "value=0", "value=0:15", "opened"])
def test_a_line_that_is_not_understood(word: str) -> None:
    with pytest.raises(ToolchainError, match="is not understood"):
        tracing._shape([word], "here")


def test_more_values_than_there_is_room_for() -> None:
    with pytest.raises(ToolchainError, match="is not understood"):
        tracing._shape([f"value={place}:0x1" for place in range(4)], "here")


@pytest.mark.parametrize("machine", ARCHITECTURES, ids=lambda machine: machine.name)
def test_the_interposer_stands_for_every_handler(machine: Architecture) -> None:
    offered = catalogue(machine)
    source = table_source(offered, Choice(("exit_group", "openat", "read"), ("trace",)))
    assert "const syscall_fn syscall_handlers[] = {[0 ... 3] = trace_call};" in source
    assert "trace" not in table_source(offered, Choice(("exit_group", "openat", "read"), ()))


@pytest.mark.parametrize("platform", ["vm", "process"])
def test_everything_is_without_tracing(platform: str) -> None:
    assert "trace" not in full(catalogue(ARCHITECTURES[0]), platform).parts
