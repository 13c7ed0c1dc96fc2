"""Plug-ins: their exports are called by names that the program's code need not show."""

from __future__ import annotations

import platform
import shutil
from pathlib import Path

import pytest

from converter.analyze.calls.analysis import static_calls
from converter.analyze.calls.model import PLUGIN, PROGRAM, CodeObject
from tests.builders.programs import compiled
from tests.builders.trees import program, regular, tree_of

pytestmark = pytest.mark.skipif(
    shutil.which("gcc") is None or platform.machine() != "x86_64", reason="needs gcc for x86-64"
)

_PLUGIN = "long plug_init(void) { return call(39, 0, 0, 0); } long other(void) { return call(102, 0, 0, 0); }"


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ((), {"getpid", "getuid"}),
        (("plug_init",), {"getpid"}),
        (("plug_*", "x"), {"getpid"}),
        (("none",), set()),
    ],
)
def test_exports_that_may_be_looked_up(entries: tuple[str, ...], expected: set[str], tmp_path: Path) -> None:
    main = compiled(tmp_path, "void _start(void) { call(60, 0, 0, 0); }", "-static")
    plugin = compiled(tmp_path, _PLUGIN, "-shared", "-fPIC", name="plug.so")
    tree = tree_of({"/app": program(main), "/plug.so": regular(plugin)})
    found = static_calls(
        tree,
        [
            CodeObject(b"/app", tree[b"/app"], PROGRAM),
            CodeObject(b"/plug.so", tree[b"/plug.so"], PLUGIN, entries),
        ],
    )
    assert set(found.syscalls) == {"exit"} | expected
