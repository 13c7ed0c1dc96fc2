"""Images and unikernels that end-to-end tests share: each is built once, whichever worker asks first."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from fixtures.build import build
from fixtures.errors import RecipeError
from fixtures.host_program import pack
from tests.builders.dockerd import Engine, NoEngineError, docker_engine

U2K = [sys.executable, "-c", "import sys; from converter.cli.main import main; sys.exit(main())"]

Command = Callable[..., subprocess.CompletedProcess[bytes]]


@pytest.fixture(scope="session")
def u2k() -> Command:
    """`u2k ARGS...` as its own process; stdout, stderr and status are kept as bytes and number."""

    def command(
        *args: str | Path, stdin: bytes = b"", timeout: float = 300
    ) -> subprocess.CompletedProcess[bytes]:
        words: Sequence[str] = [*U2K, *map(str, args)]
        return subprocess.run(words, input=stdin, capture_output=True, timeout=timeout, check=False)

    return command


@pytest.fixture(scope="session")
def image() -> Callable[[str], Path]:
    """The archive of a fixture recipe; skips, with the reason, where it cannot be built."""

    def archive(name: str) -> Path:
        try:
            return build(name)
        except RecipeError as error:
            pytest.skip(f"fixture {name}: {error}")

    return archive


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for all workers of this test run."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@pytest.fixture(scope="session")
def unikernel(u2k: Command, shared_folder: Path) -> Callable[[Path], Path]:
    """The unikernel of an archive, converted once a test run."""

    def converted(archive: Path) -> Path:
        # Fixtures and corpus have images of the same name.
        where = hashlib.sha256(str(archive).encode()).hexdigest()[:8]
        out = shared_folder / f"{archive.name.removesuffix('.oci.tar')}-{where}.u2k"
        with (shared_folder / f"{out.name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not out.exists():
                done = u2k("convert", archive, "-o", out)
                assert done.returncode == 0, done.stderr.decode()
        return out

    return converted


Packed = Callable[[Path, Path], object]  # (program, archive to be made)
Guest = Callable[[str, Packed], Path]


@pytest.fixture(scope="session")
def guest(shared_folder: Path, unikernel: Callable[[Path], Path]) -> Guest:
    """The unikernel of tests/guest/run/NAME.c, in an image as it is packed."""

    def made(name: str, packed: Packed) -> Path:
        folder = shared_folder / name
        folder.mkdir(exist_ok=True)
        archive, program = folder / f"{name}.oci.tar", folder / name
        with (folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not archive.exists():
                source = Path(__file__).resolve().parent.parent / f"guest/run/{name}.c"
                command = ["gcc", "-O1", "-Wall", "-Wextra", "-static", "-o", str(program), str(source)]
                subprocess.run(command, check=True, capture_output=True)
                packed(program, archive)
        return unikernel(archive)

    return made


@pytest.fixture(scope="session")
def subject(guest: Guest) -> Path:
    """The unikernel of tests/guest/run/subject.c."""
    return guest("subject", lambda program, archive: pack(str(program), archive, "subject"))


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    """A docker engine of their own; skips, with the reason, where there is none."""
    try:
        with docker_engine() as started:
            yield started
    except NoEngineError as reason:
        pytest.skip(str(reason))


@pytest.fixture
def nothing_is_left(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """The folder for temporary files; of a sandbox neither folders nor processes may be left there."""
    tmp_path_factory.getbasetemp()  # made elsewhere, and now
    folder = Path(tempfile.mkdtemp(prefix="u2k-test-", dir="/tmp"))
    folder.chmod(0o711)
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    left = [path.name for path in folder.iterdir()]
    monkeypatch.undo()
    shutil.rmtree(folder, ignore_errors=True)
    assert left == []
    there = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert str(folder) not in there
