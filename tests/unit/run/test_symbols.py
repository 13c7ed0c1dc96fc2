from pathlib import Path

import pytest

from converter.link.image_header import EHDR, SHDR, SYM
from converter.run.symbols import SymbolTable

FUNCTIONS = (
    (b"panic", 0x1000, 0x40, 2),
    (b"vm_start", 0x1040, 0x20, 2),
    (b"entry", 0xFFFFFFFF80100000, 0, 0),
)


def kernel(path: Path, behind: int = 0) -> Path:
    """An ELF file with three symbols, and a hole of `behind` bytes after them."""
    names, table = bytearray(b"\0"), bytearray(SYM.size)
    for name, value, size, kind in FUNCTIONS:
        table += SYM.pack(len(names), 16 | kind, 0, 0xFFF1, value, size)
        names += name + b"\0"
    sections = SHDR.pack(*[0] * 10)
    sections += SHDR.pack(1, 2, 0, 0, EHDR.size, len(table), 2, 1, 8, SYM.size)
    sections += SHDR.pack(1, 3, 0, 0, EHDR.size + len(table), len(names), 0, 0, 1, 0)
    at = EHDR.size + len(table) + len(names)
    head = EHDR.pack(b"\x7fELF\2\1\1".ljust(16, b"\0"), 2, 62, 1, 0, 0, at, 0, 64, 56, 0, 64, 3, 2)
    path.write_bytes(head + table + names + sections)
    with path.open("r+b") as file:
        file.truncate(at + len(sections) + behind)
    return path


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("u2k: at 1002", "u2k: at 1002"),  # too short for an address: numbers of other kinds
        ("u2k: at 0000000000001002", "u2k: at 0000000000001002 (panic+0x2)"),
        ("u2k:   at 0x00001050", "u2k:   at 0x00001050 (vm_start+0x10)"),
        ("u2k:   rip 0000000000001040", "u2k:   rip 0000000000001040 (vm_start+0x0)"),
        ("u2k: rip=ffffffff80100010 rsp=0000000000001002",
         "u2k: rip=ffffffff80100010 (entry+0x10) rsp=0000000000001002"),
        ("u2k: at 0000000000001060", "u2k: at 0000000000001060"),  # behind the last function
        ("u2k: at ffffffff90000000", "u2k: at ffffffff90000000"),
        ("the program: at 0000000000001002", "the program: at 0000000000001002"),
    ],
)  # fmt: skip
def test_addresses_get_names(tmp_path: Path, line: str, shown: str) -> None:
    assert SymbolTable(kernel(tmp_path / "kernel")).annotate(line) == shown


def test_large_root_image_is_not_read(tmp_path: Path) -> None:
    table = SymbolTable(kernel(tmp_path / "kernel", behind=1 << 40))
    assert table.annotate("u2k: at 00001000") == "u2k: at 00001000 (panic+0x0)"


def test_file_is_opened_only_for_an_address(tmp_path: Path) -> None:
    table = SymbolTable(tmp_path / "none")
    assert table.annotate("u2k: nothing to look up") == "u2k: nothing to look up"
    kernel(tmp_path / "none")
    assert table.name(0x1001) == "panic+0x1"


def test_damaged_file_has_no_names(tmp_path: Path) -> None:
    path = tmp_path / "kernel"
    path.write_bytes(kernel(path).read_bytes()[:100])
    assert SymbolTable(path).annotate("u2k: at 00001000") == "u2k: at 00001000"
