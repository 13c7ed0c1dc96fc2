"""A wheel, in an environment outside the repository, converts and runs an image as an ordinary user."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from converter.link.source import SUFFIXES

REPOSITORY = Path(__file__).resolve().parents[2]
NOBODY = 65534
WHERE = "import converter, converter.link.source as s; print(converter.__file__, s.libos_root(), sep='\\n')"

pytestmark = pytest.mark.slow


def pip(python: str | Path, *words: str | Path) -> subprocess.CompletedProcess[str]:
    command = [str(python), "-m", "pip", "--disable-pip-version-check", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """Outside the repository, and open to other users, which pytest's own folders are not."""
    made = Path(tempfile.mkdtemp(prefix="u2k-wheel-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


@pytest.fixture(scope="module")
def wheel(folder: Path) -> Path:
    asked = pip(sys.executable, "download", "--quiet", "--no-deps", "-d", folder / "probe", "hatchling")
    if asked.returncode != 0:
        pytest.skip(f"no package index to be reached: {asked.stderr.strip().splitlines()[-1]}")
    built = pip(sys.executable, "wheel", "--quiet", "--no-deps", "-w", folder / "wheel", REPOSITORY)
    assert built.returncode == 0, built.stderr
    (found,) = (folder / "wheel").glob("u2k-*.whl")
    return found


@pytest.fixture(scope="module")
def installed(wheel: Path, folder: Path) -> Path:
    """The `bin` folder of an environment that has the wheel and what it asks for, nothing else."""
    environment = folder / "venv"
    subprocess.run([sys.executable, "-m", "venv", environment], check=True)
    done = pip(environment / "bin/python", "install", "--quiet", wheel)
    assert done.returncode == 0, done.stderr
    return environment / "bin"


@pytest.fixture
def as_ordinary_user(installed: Path, folder: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a command of the environment, as nobody if this is root, with a home and a cache of its own."""
    home = Path(tempfile.mkdtemp(dir=folder))
    prefix: list[str] = []
    if os.geteuid() == 0:
        os.chown(home, NOBODY, NOBODY)
        prefix = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]

    def command(name: str, *words: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*prefix, str(installed / name), *map(str, words)],
            env={"HOME": str(home), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
            cwd=home,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    return command


def test_wheel_has_the_library_os_and_nothing_of_the_tests(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    source = REPOSITORY / "libos"
    wanted = {path.relative_to(source) for path in source.rglob("*") if path.suffix in SUFFIXES}
    assert Path("include/u2k/platform.h") in wanted
    assert {f"converter/_libos/{path.as_posix()}" for path in wanted} <= names
    assert {name.split("/")[0] for name in names} == {"converter", "u2k-0.1.0.dist-info"}
    assert any(name.endswith("dist-info/licenses/LICENSE") for name in names)


def test_wheel_converts_and_runs(
    as_ordinary_user: Callable[..., subprocess.CompletedProcess[str]],
    installed: Path,
    folder: Path,
    image: Callable[[str], Path],
) -> None:
    where = as_ordinary_user("python", "-c", WHERE)
    package, libos = where.stdout.split()
    assert Path(package).is_relative_to(installed.parent)
    assert Path(libos) == Path(package).parent / "_libos"

    shown = as_ordinary_user("u2k", "--help")
    assert shown.returncode == 0, shown.stderr
    assert "convert" in shown.stdout

    archive = shutil.copy(image("hello-static"), folder / "hello.oci.tar")
    Path(archive).chmod(0o644)
    converted = as_ordinary_user("u2k", "convert", archive, "-o", "hello.u2k")
    assert converted.returncode == 0, converted.stderr
    ran = as_ordinary_user("u2k", "run", "--on", "process", "hello.u2k")
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.startswith("GREETING=bonjour, 0 arguments\n")
