"""`import converter`: what is documented is what there is, cheap to import, and its examples are true."""

from __future__ import annotations

import doctest
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import converter
from converter import api

PAGE = Path(__file__).resolve().parents[2] / "docs/reference/python.md"


def test_what_is_documented_is_what_there_is() -> None:
    named = set(re.findall(r"^\| `(\w+)", PAGE.read_text(), re.MULTILINE)) | {"U2kError", "__version__"}
    assert named == set(converter.__all__)
    for name in converter.__all__:
        assert getattr(converter, name) is not None
        assert name in dir(converter)


def test_signatures_are_documented() -> None:
    import inspect

    for name in ("convert", "profile", "run"):
        row = re.search(rf"^\| `{name}\((.*?)\)`", PAGE.read_text(), re.MULTILINE)
        assert row is not None
        documented = re.sub(r"=[^,)]+(\(\))?|\*, ", "", row[1].replace("=()", "")).split(", ")
        assert documented == list(inspect.signature(getattr(converter, name)).parameters)


def test_other_names_are_missing() -> None:
    with pytest.raises(AttributeError, match="nothing"):
        converter.nothing  # noqa: B018


def test_the_verbs_are_functions_whatever_was_imported() -> None:
    import converter.convert
    import converter.profile.model
    import converter.run.request

    assert converter.convert is api.convert
    assert converter.profile is api.profile
    assert converter.run is api.run
    from converter.run.request import RunRequest

    assert RunRequest.__module__ == "converter.run.request"


def test_importing_loads_nothing() -> None:
    script = "import sys, converter; print(*(name for name in sys.modules if name.startswith('converter')))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["converter"]


def test_a_type_checker_knows_the_face(tmp_path: Path) -> None:
    pytest.importorskip("mypy", reason="mypy is not here (pip install -e .[dev])")
    (tmp_path / "right.py").write_text(
        "import converter\n"
        "def f() -> int:\n"
        "    made: converter.Converted = converter.convert('x', options=converter.Options())\n"
        "    return converter.run(str(made.file))\n"
    )
    (tmp_path / "wrong.py").write_text("import converter\nconverter.run(1)\n")
    checked = {
        name: subprocess.run(
            [
                *(sys.executable, "-m", "mypy"),
                "--strict",
                "--follow-imports=silent",
                "--cache-dir",
                tmp_path / "cache",
                tmp_path / name,
            ],
            capture_output=True,
            text=True,
            check=False,
            cwd=PAGE.parents[2],
        )
        for name in ("right.py", "wrong.py")
    }
    assert checked["right.py"].returncode == 0, checked["right.py"].stdout
    assert 'has incompatible type "int"' in checked["wrong.py"].stdout


@pytest.mark.parametrize("module", [converter, api], ids=lambda module: module.__name__)
def test_examples_are_true(
    module: object, image: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(image("hello-static"), tmp_path / "app.tar")
    monkeypatch.chdir(tmp_path)
    found = doctest.testmod(module, extraglobs={"Path": Path}, raise_on_error=False)  # type: ignore[arg-type]
    assert found.attempted > 0
    assert found.failed == 0
