"""The reviewed data of refusals is sound: what it names exists, and nothing of it is too wide."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from converter.analyze.refusal.reviewed import DATA
from converter.libos import implemented, syscall_table

ROLES = {"supervisor", "module loader"}


def read(name: str) -> dict[str, Any]:
    return tomllib.loads((DATA / name).read_text())


@pytest.mark.parametrize("row", read("programs.toml")["program"], ids=lambda row: row["names"][0])
def test_programs(row: dict[str, Any]) -> None:
    assert set(row) <= {"role", "names", "when", "unless", "file", "configured", "reason", "hint", "source"}
    assert row["role"] in ROLES
    assert row["reason"]
    assert row["source"]
    assert ("file" in row) == ("configured" in row)
    for field in ("when", "unless", "configured"):
        re.compile(row.get(field, ""))
    for name in row["names"]:
        assert not re.fullmatch(name, "app"), "a name that fits anything"
        assert not re.fullmatch(name, "")


def test_gpu() -> None:
    data = read("gpu.toml")
    assert all(path.startswith("/dev/") for path in data["devices"])
    for row in data["library"]:
        assert row["by"] in ("any", "program")
        assert row["reason"]
        assert row["source"]
        assert not any(re.fullmatch(name, "libc.so.6") for name in row["names"])
    for row in data["variable"]:
        assert re.fullmatch(row["none"], "")


def test_io_uring() -> None:
    assert set(read("io_uring.toml")["calls"]) <= set(syscall_table("x86_64"))


def test_what_the_library_os_has_is_what_its_page_says() -> None:
    page = (Path(__file__).parents[4] / "docs/reference/syscalls.md").read_text()
    rows = re.findall(r"^\| \d+ \| (\w+) \| (?:implemented|partial) \|", page, re.MULTILINE)
    assert set(rows) == implemented()
    assert len(implemented()) > 150
