"""Errors of `u2k convert` about where its result goes. Status 1; 2 when the user may mean it."""

from __future__ import annotations

import ctypes
import os
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from converter.cache.folder import default_root
from tests.builders import oci
from tests.e2e.refusal import U2K, complaint, ended

_PR_CAPBSET_DROP, _CAP_DAC_OVERRIDE, _CAP_DAC_READ_SEARCH = 24, 1, 2


@pytest.fixture
def hello(image: Callable[[str], Path]) -> Path:
    return image("hello-static")


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """An image that is refused as soon as it is read, with status 3: the target must be refused before."""
    return oci.write_tar(tmp_path / "broken.tar", oci.simple_layout([oci.layer()]))


def without_override() -> None:
    """root obeys permission bits after the next exec (capabilities(7)); for others nothing changes."""
    libc = ctypes.CDLL(None)
    for capability in (_CAP_DAC_OVERRIDE, _CAP_DAC_READ_SEARCH):
        libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)


def test_output_folder_not_writable(broken: Path, tmp_path: Path) -> None:
    folder = tmp_path / "locked"
    folder.mkdir(mode=0o555)
    command = [*U2K, "convert", str(broken), "-o", str(folder / "x.u2k")]
    complaint(ended(command, tmp_path, without_override), 1, str(folder), "cannot be written to", "-o")
    assert list(folder.iterdir()) == []


def test_output_folder_missing(broken: Path, tmp_path: Path) -> None:
    command = [*U2K, "convert", str(broken), "-o", str(tmp_path / "none/x.u2k")]
    complaint(ended(command, tmp_path), 1, str(tmp_path / "none"), "does not exist")
    assert not (tmp_path / "none").exists()


def test_output_is_a_folder(broken: Path, tmp_path: Path) -> None:
    complaint(ended([*U2K, "convert", str(broken), "-o", str(tmp_path)], tmp_path), 2, "this is a folder")


@pytest.mark.parametrize("named", [True, False], ids=["-o", "by its image"])
def test_output_exists(broken: Path, tmp_path: Path, named: bool) -> None:
    there = tmp_path / "broken.u2k"
    there.write_text("precious")
    command = [*U2K, "convert", str(broken), *(["-o", str(there)] if named else [])]
    complaint(ended(command, tmp_path), 2, "broken.u2k", "not overwritten", "--force")
    assert there.read_text() == "precious"
    # With --force it is the image that is wrong, and the file there stays as it was.
    complaint(ended([*command, "--force"], tmp_path), 3, "neither ENTRYPOINT nor CMD")
    assert there.read_text() == "precious"


def test_a_cache_that_cannot_be_written(hello: Path, tmp_path: Path) -> None:
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o555)
    command = [*U2K, "convert", str(hello), "-o", str(tmp_path / "x.u2k")]
    found = ended(command, tmp_path, without_override, U2K_CACHE_DIR=str(locked / "cache"))
    complaint(found, 1, str(locked / "cache"), "U2K_CACHE_DIR")
    assert not (tmp_path / "x.u2k").exists()


def on_a_small_disk(disk: Path, *command: str) -> list[str]:
    """`command` with a tmpfs of 64 KiB at `disk`; then prints what lies there. Skips if none can be made.

    The mount is in a namespace of its own, so it ends with the command whatever happens.
    """
    flags = "-m" if os.geteuid() == 0 else "-rm"
    mounted = ["unshare", flags, "sh", "-c", 'mount -t tmpfs -o size=64k u2k "$0" && "$@"', str(disk)]
    try:
        subprocess.run([*mounted, "true"], capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"no mount namespace can be made here: {error}")
    return [*mounted, "sh", "-c", '"$@"; status=$?; find "$0" -type f; exit $status', str(disk), *command]


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    folder = tmp_path / "disk"
    folder.mkdir()
    return folder


def test_disk_full(hello: Path, disk: Path, tmp_path: Path) -> None:
    """The cache is elsewhere, and warm or not; nothing half-written stays on the full disk."""
    command = on_a_small_disk(disk, *U2K, "convert", str(hello), "-o", str(disk / "x.u2k"))
    found = ended(command, tmp_path, U2K_CACHE_DIR=str(default_root()))
    complaint(found, 1, "No space left", str(disk / "x.u2k"), "-o")


def test_cache_disk_full(hello: Path, disk: Path, tmp_path: Path) -> None:
    command = on_a_small_disk(disk, *U2K, "convert", str(hello), "-o", str(tmp_path / "x.u2k"))
    found = ended(command, tmp_path, U2K_CACHE_DIR=str(disk / "cache"))
    # What stays is whole: who may make the unikernel, and the digest of u2k itself.
    kept = (str(disk / "cache/unikernels/.lock-"), str(disk / "cache/tool/"))
    assert all(line.startswith(kept) for line in found.stdout.splitlines()), found.stdout
    complaint(replace(found, stdout=""), 1, "no space left", str(disk / "cache"), "U2K_CACHE_DIR")
    assert not (tmp_path / "x.u2k").exists()
