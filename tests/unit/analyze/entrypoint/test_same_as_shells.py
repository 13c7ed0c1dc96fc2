"""Reading a script finds what the host's dash, bash and busybox ash do when they run it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.analyze.entrypoint import native, scripts

ARGS = ("one", "two words", "-x", "*")
CASES = [
    pytest.param(shell, text, id=f"{shell}: {table}: {name}")
    for shell, tables in scripts.TABLES.items()
    for table in tables
    for name, text in scripts.load(table).items()
]


@pytest.fixture(scope="module")
def stub(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return native.build_stub(tmp_path_factory.mktemp("stub"))


@pytest.mark.parametrize(("shell", "text"), CASES)
def test_reading_finds_what_running_does(shell: str, text: str, stub: Path, tmp_path: Path) -> None:
    if not Path(native.SHELLS[shell]).exists():
        pytest.skip(f"no {native.SHELLS[shell]} here")
    root = tmp_path / "root"
    native.prepare(root, stub, {"script": text})
    read, _, doubt = native.read(shell, root, "script", ARGS)
    real = native.run(shell, root, "script", ARGS)
    assert doubt == ""
    assert read == real
