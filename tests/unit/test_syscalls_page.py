"""docs/reference/syscalls.md has what each handler of the library OS says of itself, and is up to date."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "scripts/syscalls"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    loader = importlib.machinery.SourceFileLoader("syscalls_script", str(SCRIPT))
    spec = importlib.util.spec_from_loader(loader.name, loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[loader.name] = module  # dataclasses look their module up
    loader.exec_module(module)
    return module


def test_page_is_up_to_date() -> None:
    done = subprocess.run([sys.executable, SCRIPT, "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_status_lines_are_read(script: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "x86_64").mkdir()
    (tmp_path / "a.c").write_text("// write: implemented\nSYSCALL(write)\n{\n}\n")
    (tmp_path / "x86_64/b.c").write_text("// stat: partial: no times\nSYSCALL(stat) { }\n")
    read = {each.name: each for each in script.handlers(tmp_path)}
    assert read["write"].missing == "" and read["write"].architectures == script.ARCHITECTURES
    assert read["stat"].missing == "no times" and read["stat"].architectures == ("x86_64",)
    text = script.page(list(read.values()))
    assert "| 4 | stat | partial | no times |" in text
    assert "| 64 | write | implemented |  |" in text  # the number of arm64


@pytest.mark.parametrize(
    "source",
    [
        "SYSCALL(write)\n",
        "// writ: implemented\nSYSCALL(write)\n",
        "// write: done\nSYSCALL(write)\n",
        "// write: partial:\nSYSCALL(write)\n",
        "// write: implemented\n\nSYSCALL(write)\n",
        "// write: implemented\nSYSCALL(write)\n// write: implemented\nSYSCALL(write)\n",
    ],
)
def test_handler_without_a_true_status_line_is_a_mistake(
    script: ModuleType, tmp_path: Path, source: str
) -> None:
    (tmp_path / "a.c").write_text(source)
    with pytest.raises(script.Mistake, match="write"):
        script.handlers(tmp_path)
