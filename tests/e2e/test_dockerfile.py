"""u2k's own Dockerfile builds, and the image converts and runs another as an ordinary user.

No registry of base images is asked: the base is made of Debian packages, as BASE allows.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
PACKAGES = "python3,python3-venv,ca-certificates"
# The way to the mirrors that this machine has, for the RUN step.
OF_THIS_HOST = ("etc/ssl/certs/ca-certificates.crt", "etc/pip.conf", "etc/resolv.conf")
# An engine raises these limits to a million by default, which fails without CAP_SYS_RESOURCE.
ENGINE = '[containers]\ndefault_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]\n'

Buildah = Callable[..., str]

pytestmark = [pytest.mark.slow, pytest.mark.root]


@pytest.fixture
def buildah(tmp_path: Path) -> Iterator[Buildah]:
    if os.geteuid() != 0:
        pytest.skip("building an image needs root here")
    absent = [tool for tool in ("buildah", "mmdebstrap") if shutil.which(tool) is None]
    if absent:
        pytest.skip(f"{', '.join(absent)} not here (apt-get install)")
    settings = tmp_path / "containers.conf"
    settings.write_text(ENGINE)
    environment = os.environ | {
        "CONTAINERS_CONF": str(settings),
        "STORAGE_DRIVER": "vfs",
        "BUILDAH_ISOLATION": "chroot",
    }
    store = ["--root", str(tmp_path / "store"), "--runroot", str(tmp_path / "run")]

    def command(*words: str) -> str:
        done = subprocess.run(
            ["buildah", *store, *words], env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, (
            f"buildah {' '.join(words)}:\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
        )
        return done.stdout.strip()

    yield command
    command("rm", "--all")


@pytest.fixture
def base(buildah: Buildah, tmp_path: Path) -> str:
    """A Debian 12 with Python, committed as an image."""
    tar = tmp_path / "base.tar"
    sources = [str(path) for path in Path("/etc/apt/sources.list.d").glob("*.sources")]
    if Path("/etc/apt/sources.list").is_file():
        sources.append("/etc/apt/sources.list")
    options = [f"--aptopt={path}" for path in Path("/etc/apt/apt.conf.d").glob("99*")]
    command = ["mmdebstrap", "--quiet", "--mode=root", "--variant=minbase", f"--include={PACKAGES}", *options]
    for name in OF_THIS_HOST:
        if Path("/", name).is_file():
            command += [f"--customize-hook=mkdir -p $1/{Path(name).parent} && cp -L /{name} $1/{name}"]
    done = subprocess.run(
        [*command, "bookworm", str(tar), *sources], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    container = buildah("from", "scratch")
    buildah("add", container, str(tar), "/")
    buildah("commit", "--rm", container, "localhost/debian-python:12")
    tar.unlink()
    return "localhost/debian-python:12"


def test_image_of_u2k_converts_and_runs(buildah: Buildah, base: str, image: Callable[[str], Path]) -> None:
    build = ["bud", "--network", "host", "--pull-never", "--build-arg", f"BASE={base}", "-t", "localhost/u2k"]
    buildah(*build, str(REPOSITORY))
    container = buildah("from", "--pull-never", "localhost/u2k")
    buildah("copy", container, str(image("hello-static")), "/tmp/hello.oci.tar")

    def u2k(*words: str) -> str:
        return buildah("run", "--user", "u2k", container, "--", "u2k", *words)

    u2k("convert", "/tmp/hello.oci.tar", "-o", "/work/hello.u2k")
    shown = u2k("run", "--on", "process", "/work/hello.u2k")
    assert shown.startswith("GREETING=bonjour, 0 arguments\nconfig: upper layer\nuid 1000 gid 1001")
