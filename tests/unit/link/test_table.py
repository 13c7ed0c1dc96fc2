"""The generated tables: what the C library only tries is known to the kernel by its hash."""

from __future__ import annotations

from converter.link.architecture import X86_64
from converter.link.build import SHARED, build_archive
from converter.link.catalogue import read_catalogue
from converter.link.choice import Choice
from converter.link.table import probe_hash, table_source


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
