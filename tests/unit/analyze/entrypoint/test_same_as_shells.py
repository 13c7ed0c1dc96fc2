"""Reading a script finds what the host's dash, bash and busybox ash do when they run it."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.analyze.entrypoint import native, scripts

ARGS = ("one", "two words", "-x", "*")


def cases(tables: dict[str, tuple[str, ...]]) -> list[object]:
    return [
        pytest.param(shell, text, id=f"{shell}: {table}: {name}")
        for shell, names in tables.items()
        for table in names
        for name, text in scripts.load(table).items()
    ]


@pytest.fixture(scope="module")
def stub(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return native.build_stub(tmp_path_factory.mktemp("stub"))


@pytest.mark.parametrize(("shell", "text"), cases(scripts.TABLES))
def test_reading_finds_what_running_does(shell: str, text: str, stub: Path, tmp_path: Path) -> None:
    compare(shell, text, stub, tmp_path / "root")


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """One that other users can reach."""
    folder = Path(tempfile.mkdtemp(prefix="u2k-test-", dir="/tmp"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="other users need root")
@pytest.mark.parametrize(("shell", "text"), cases(scripts.OF_USERS))
def test_reading_finds_who_runs_it(shell: str, text: str, stub: Path, open_folder: Path) -> None:
    compare(shell, text, stub, open_folder / "root")


def compare(shell: str, text: str, stub: Path, root: Path) -> None:
    if lacks := native.missing(shell, text):
        pytest.skip(f"no {lacks} here")
    # It may execute itself.
    first = "#!/bin/busybox ash" if shell == "ash" else f"#!/bin/{shell.rpartition('/')[2]}"
    native.prepare(root, stub, {"script": f"{first}\n{text}"})
    root.chmod(0o777)  # the program tells what it saw in there
    read, _, doubt = native.read(shell, root, "script", ARGS)
    real = native.run(shell, root, "script", ARGS)
    assert doubt == ""
    assert read == real
