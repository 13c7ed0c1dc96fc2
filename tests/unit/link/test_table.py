"""The generated tables: what the C library only tries is known to the kernel by its hash."""

from __future__ import annotations

import re

from converter.link.architecture import ARCHITECTURES, X86_64
from converter.link.build import SHARED, build_archive
from converter.link.catalogue import read_catalogue, syscall_numbers
from converter.link.choice import Choice
from converter.link.table import probe_hash, quiet_calls, table_source


def test_the_hash_is_fnv() -> None:
    """Test vectors of draft-eastlake-fnv, section 6.2."""
    assert (probe_hash(""), probe_hash("a"), probe_hash("foobar")) == (0x811C9DC5, 0xE40C292C, 0xBF9CF968)


def test_probes_of_parts_that_are_left_out() -> None:
    catalogue = read_catalogue(build_archive(SHARED, X86_64), X86_64)

    def probes(*parts: str) -> str:
        source = table_source(catalogue, Choice(("read",), parts))
        return next(line for line in source.splitlines() if "part_probes" in line)

    tried = "/proc/self/maps", "/sys/devices/system/cpu/online"
    maps, online = (f"{probe_hash(path):#x}" for path in tried)
    assert maps in probes() and online in probes()
    assert maps not in probes("procfs") and online in probes("procfs")
    assert "{0}" in probes("procfs", "sysfs", "devfs")


def test_words_say_who_is_linked_known_and_quiet() -> None:
    catalogue = read_catalogue(build_archive(SHARED, X86_64), X86_64)
    source = table_source(catalogue, Choice(("close", "getrandom", "read"), ()))
    row = re.search(r"syscall_words\[\] = \{(.*)\};", source)
    assert row is not None
    words = [[int(each, 0) for each in word.split(", ")] for word in re.findall(r"\{([^{}]*)\}", row[1])]
    assert f"syscall_word_count = {len(words)};" in source
    numbers = syscall_numbers(X86_64)

    def bit(name: str, column: int) -> int:
        return words[numbers[name] // 32][column] >> numbers[name] % 32 & 1

    handlers = re.search(r"syscall_handlers\[\] = \{(.*)\};", source)
    assert handlers is not None
    assert handlers[1].split(", ") == ["syscall_absent", "sys_read", "sys_close", "sys_getrandom"]
    assert [word[0].bit_count() for word in words if word[0]] == [2, 1]
    assert words[numbers["getrandom"] // 32][3] == 3  # where its word's handlers begin
    assert (bit("read", 0), bit("write", 0), bit("getrandom", 0)) == (1, 0, 1)
    assert (bit("write", 1), bit("nfsservctl", 1)) == (1, 0)  # the library OS has it, or not
    assert (bit("rseq", 2), bit("write", 2)) == (1, 0)


def test_quiet_calls_are_calls() -> None:
    known = {name for machine in ARCHITECTURES for name in syscall_numbers(machine)}
    assert len(quiet_calls()) > 20
    assert quiet_calls() - known == set()
