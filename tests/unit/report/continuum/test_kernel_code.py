"""The host's kernel as /proc/kallsyms has it; the linked one by its segments and its map."""

from __future__ import annotations

from pathlib import Path

from converter.link.architecture import X86_64
from converter.link.composition import bytes_by_part
from converter.link.kernel import link_kernel
from converter.link.unikernel import kernel_bytes
from converter.report.continuum.composition import part_sizes
from converter.report.continuum.kernel_code import host_code, linked_code

SYMBOLS = """\
ffffffff81000000 T _stext
ffffffff81000010 t _etext_of_mine
ffffffff81f00000 T _etext
ffffffffc0000000 t module [some]
"""


def test_the_host_tells(tmp_path: Path) -> None:
    symbols = tmp_path / "kallsyms"
    symbols.write_text(SYMBOLS)
    assert host_code(symbols) == 0xF00000


def test_the_host_does_not_tell(tmp_path: Path) -> None:
    """Addresses are zeros for who is not root (kptr_restrict), or there is no such file."""
    symbols = tmp_path / "kallsyms"
    symbols.write_text("0000000000000000 T _stext\n0000000000000000 T _etext\n")
    assert host_code(symbols) is None
    assert host_code(tmp_path / "none") is None


def test_a_linked_kernel() -> None:
    kernel = link_kernel("vm", X86_64)
    parts = bytes_by_part(kernel.map_file)
    assert linked_code(kernel) < sum(parts.values()) <= kernel_bytes(kernel) < sum(parts.values()) + 8192
    told = part_sizes(kernel)
    assert sum(each.bytes for each in told) == sum(parts.values())
    assert all(each.why for each in told)
    assert {each.name: each.kind for each in told}["tcp"] == "net"
