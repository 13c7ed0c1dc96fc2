"""scripts/corpus: what `u2k convert --json` says is a line of docs/reference/corpus.md; refusals say why."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "scripts/corpus"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    loader = importlib.machinery.SourceFileLoader("corpus_script", str(SCRIPT))
    spec = importlib.util.spec_from_loader(loader.name, loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[loader.name] = module  # dataclasses look their module up
    path = list(sys.path)
    loader.exec_module(module)
    sys.path[:] = path
    return module


def document(**more: Any) -> dict[str, Any]:
    before = {"bytes": 75_000_000, "files": 341, "binaries": 300}
    after = {"bytes": 5_640_000, "files": 40, "binaries": 8}
    found: dict[str, Any] = {
        "container": {"stored": 7_800_000, "contents": before, "syscalls": 309},
        "unikernel": {"stored": 6_000_000, "contents": after, "syscalls": 2, "kernel": 20480},
        "used": {"read": [], "write": [], "socket": []},
        "linked": ["read", "write"],
        "absent": {"socket": []},
        "parts": {"tmpfs": []},
        "open": [],
    }
    return found | more


def test_a_converted_image_is_a_line(script: ModuleType) -> None:
    row = script.figures("sqlite", document(), "").cells()
    assert dict(zip(script.TITLES, row, strict=True)) == {
        "image": "sqlite",
        "calls": "309",
        "used": "3",
        "linked": "2",
        "absent": "1",
        "kernel KiB": "20",
        "parts": "1",
        "root MB": "75.0 → 5.6",
        "files": "341 → 40",
        "ELF": "300 → 8",
        "shipped MB": "7.8 → 6.0",
        "note": "",
    }


def test_an_interpreter_is_marked(script: ModuleType) -> None:
    assert script.figures("python", document(open=["scripts import"]), "").note == "not closed"


def test_a_refused_image_says_why(script: ModuleType, tmp_path: Path) -> None:
    archive = tmp_path / "nothing.oci.tar"
    archive.write_bytes(b"no archive")
    row = script.measured("nothing", archive)
    assert row.kernel == 0
    assert "nothing.oci.tar" in row.cells()[-1]


def test_every_line_of_the_table_has_as_many_cells(script: ModuleType) -> None:
    rows = [script.figures("a", document(), ""), script.Figures("b", "cannot be built")]
    lines = script.table(rows).splitlines()
    assert len(lines) == 4
    assert {line.count("|") for line in lines} == {len(script.TITLES) + 1}
