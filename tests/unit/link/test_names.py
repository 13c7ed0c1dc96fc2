"""Packed names: what comes out is what went in, and small."""

from __future__ import annotations

import pytest

from converter.link.architecture import ARCHITECTURES, Architecture
from converter.link.build import SHARED, build_archive
from converter.link.catalogue import read_catalogue, syscall_numbers
from converter.link.names import find_pairs, joined, pack, unpack
from converter.link.table import marked_names, quiet_calls


@pytest.mark.parametrize("machine", ARCHITECTURES, ids=lambda machine: machine.name)
def test_all_names_come_back_and_take_half(machine: Architecture) -> None:
    text = joined(sorted(syscall_numbers(machine)))
    pairs = find_pairs(text)
    packed = pack(text, pairs)
    assert unpack(packed, pairs) == text
    assert len(packed) + 2 * len(pairs) < len(text) * 0.62


@pytest.mark.parametrize("names", [[], [""], ["read"], ["", "", "read", ""], ["aaaa" * 30]])
def test_odd_lists(names: list[str]) -> None:
    text = joined(names)
    assert unpack(pack(text, find_pairs(text)), find_pairs(text)) == text
    other = find_pairs(joined(["open", "openat", "openat2", "open_tree", "mq_open"]))
    assert unpack(pack(text, other), other) == text


def test_pairs_are_made_of_earlier_ones() -> None:
    """The C side unpacks by recursion: it ends because of this."""
    pairs = find_pairs(joined(sorted(syscall_numbers(ARCHITECTURES[0]))))
    assert len(pairs) <= 128
    assert all(byte < 128 + at for at, pair in enumerate(pairs) for byte in pair)


def test_marks_say_what_is_quiet_and_what_can_be_added() -> None:
    machine = ARCHITECTURES[0]
    catalogue = read_catalogue(build_archive(SHARED, machine), machine)
    names = marked_names(catalogue, frozenset({"read"}))
    numbers = syscall_numbers(machine)
    assert names[numbers["read"]] == ""
    assert names[numbers["write"]] == "+write"  # the library OS has it
    assert names[numbers["nfsservctl"]] == "-nfsservctl"  # it has not


def test_quiet_calls_are_calls() -> None:
    known = {name for machine in ARCHITECTURES for name in syscall_numbers(machine)}
    assert len(quiet_calls()) > 20
    assert quiet_calls() - known == set()
