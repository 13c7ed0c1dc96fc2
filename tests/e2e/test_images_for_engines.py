"""The container image of `u2k export --format oci` in engines: docker and podman load it, and say what is in
it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from tests.builders import oci
from tests.builders.dockerd import Engine
from tests.e2e.conftest import Command
from tests.e2e.machine import QEMU, run
from tests.e2e.subject import needs_gcc

TYPE = "com.urunc.unikernel.unikernelType"


@pytest.fixture(scope="module")
def archive(subject: Path, u2k: Command, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("engines") / "subject.oci.tar"
    done = u2k("export", subject, "--format", "oci", "-o", out)
    assert done.returncode == 0, done.stderr.decode()
    return out


def test_docker_loads_it(engine: Engine, archive: Path) -> None:
    name = engine.docker("load", "-q", "-i", archive).partition(": ")[2].strip()
    (found,) = json.loads(engine.docker("image", "inspect", name))
    assert found["Config"]["Labels"][TYPE] == "linux"
    assert found["Config"]["Entrypoint"][0].startswith("/")


@pytest.mark.skipif(shutil.which("podman") is None or os.geteuid() != 0, reason="no podman, or no root")
def test_podman_loads_it(archive: Path) -> None:
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="u2k-") as folder:  # podman takes 50 letters at most
        podman = ["podman", "--root", f"{folder}/root", "--runroot", f"{folder}/run"]
        podman += ["--storage-driver", "vfs"]
        load = [*podman, "load", "-q", "-i", str(archive)]
        loaded = subprocess.run(load, capture_output=True, text=True, check=False)
        assert loaded.returncode == 0, loaded.stderr
        name = loaded.stdout.partition(": ")[2].split()[0]
        inspect = [*podman, "image", "inspect", name]
        (found,) = json.loads(subprocess.run(inspect, capture_output=True, check=True).stdout)
        assert found["Labels"][TYPE] == found["Annotations"][TYPE] == "linux"


SOURCE = r"""
#include <stdio.h>
#include <stdlib.h>
int main(int argc, char **argv)
{
    for (int i = 0; i < argc; i++)
        printf("[%s]", argv[i]);
    printf(" MODE=%s\n", getenv("MODE"));
    return 0;
}
"""


@needs_gcc
@pytest.mark.skipif(QEMU is None, reason="no qemu-system-x86_64")
def test_arguments_as_urunc_gives_them(u2k: Command, tmp_path: Path) -> None:
    """urunc, unikernels/linux.go: `init=WORD -- WORDS`, those with blanks in single quotes."""
    (tmp_path / "says.c").write_text(SOURCE)
    command = ["gcc", "-Os", "-static", "-o", str(tmp_path / "says"), str(tmp_path / "says.c")]
    subprocess.run(command, check=True)
    layer = oci.layer(oci.file("says", (tmp_path / "says").read_bytes(), mode=0o755))
    image = oci.write_tar(tmp_path / "says.tar", oci.simple_layout([layer], run={"Cmd": ["/says"]}))
    done = u2k("convert", image, "-o", tmp_path / "says.u2k")
    assert done.returncode == 0, done.stderr.decode()
    line = "panic=-1 console=ttyS0 MODE=fast init=/says -- -g 'daemon off;' it's 'a' ''"
    result = run(tmp_path / "says.u2k", line, memory="16M")
    assert result.out.decode() == "[/says][-g][daemon off;][it's][a][] MODE=fast\n"
