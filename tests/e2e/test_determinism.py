"""One image, the same bytes: whatever the folder, the clock, the umask and the cache hold."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from fixtures import recipe


def convert(
    archive: Path, folder: Path, target: str, prefix: tuple[str, ...] = (), umask: int = 0o022
) -> bytes:
    folder.mkdir()
    command = [*prefix, sys.executable, "-m", "converter", "convert", "--no-cache"]
    command += ["--target", target, str(archive)]
    environment = os.environ | {"PYTHONHASHSEED": str(umask), "TZ": "Asia/Tokyo" if prefix else "UTC"}
    environment["PYTHONPATH"] = str(recipe.__file__ and Path(recipe.__file__).parent.parent)
    subprocess.run(command, cwd=folder, check=True, env=environment, umask=umask, stdout=subprocess.DEVNULL)
    (made,) = folder.iterdir()
    return made.read_bytes()


@pytest.mark.parametrize("target", ["vm", "process"])
@pytest.mark.parametrize("name", ["hello-static", "sqlite-batch"])
def test_two_conversions_give_identical_bytes(
    name: str, target: str, image: Callable[[str], Path], tmp_path: Path
) -> None:
    faketime = shutil.which("faketime")
    if faketime is None:
        pytest.skip("faketime is not installed (Debian: apt install faketime)")
    archive = image(name)
    first = convert(archive, tmp_path / "first", target)
    again = convert(archive, tmp_path / "again", target, (faketime, "2001-02-03 04:05:06"), 0o077)
    assert first == again


def test_another_cache_gives_identical_bytes(
    image: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = image("hello-static")
    first = convert(archive, tmp_path / "first", "vm")
    monkeypatch.setenv("U2K_CACHE_DIR", str(tmp_path / "cache"))
    assert convert(archive, tmp_path / "again", "vm") == first


def test_the_name_of_the_archive_does_not_matter(image: Callable[[str], Path], tmp_path: Path) -> None:
    archive = image("hello-static")
    first = convert(archive, tmp_path / "first", "vm")
    renamed = tmp_path / "other.tar"
    shutil.copy(archive, renamed)
    assert convert(renamed, tmp_path / "again", "vm") == first
    assert str(archive.parent).encode() not in first
