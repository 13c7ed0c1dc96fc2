"""One small unikernel, converted once, with its root in memory and on a disk."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from converter.convert import convert
from converter.options import Options
from tests.builders import oci

SOURCE = '#include <unistd.h>\nint main(void) { return write(1, "hello\\n", 6) != 6; }\n'
RUN = {
    "Entrypoint": ["/hello"],
    "Cmd": ["-g", "two words"],
    "Env": ["PLAIN=value", "BLANKS=a b", 'QUOTED="x"'],
    "ExposedPorts": {"80/tcp": {}},
    "WorkingDir": "/",
}


@pytest.fixture(scope="session")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("gcc") is None:
        pytest.skip("needs gcc")
    folder = tmp_path_factory.mktemp("shipped")
    (folder / "hello.c").write_text(SOURCE)
    subprocess.run(
        ["gcc", "-Os", "-static", "-o", str(folder / "hello"), str(folder / "hello.c")], check=True
    )
    layer = oci.layer(oci.file("hello", (folder / "hello").read_bytes(), mode=0o755))
    return oci.write_tar(folder / "hello.oci.tar", oci.simple_layout([layer], run=RUN))


@pytest.fixture(scope="session")
def in_memory(archive: Path) -> Path:
    return convert(str(archive), archive.parent / "memory.u2k", Options()).unikernel.path


@pytest.fixture(scope="session")
def on_disk(archive: Path) -> Path:
    return convert(str(archive), archive.parent / "disk.u2k", Options(root="disk")).unikernel.path
