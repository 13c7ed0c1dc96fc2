"""The plug-in's file: written, recognised, replaced and taken away; files of others stay."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from converter import __version__
from converter.docker_plugin.installation import Installed, install, place, remove, status
from converter.docker_plugin.stub import stub_text
from converter.errors import OutputError, UsageError


def test_it_comes_and_goes(tmp_path: Path) -> None:
    path = tmp_path / "cli-plugins/docker-u2k"
    assert status(path) == Installed(path, there=False)
    install(path)
    assert status(path) == Installed(path, there=True, ours=True, current=True)
    assert path.stat().st_mode & 0o111
    path.write_text(path.read_text().replace(sys.executable, "/elsewhere/python"))
    assert status(path) == Installed(path, there=True, ours=True, current=False)
    install(path)
    assert status(path).current
    assert remove(path)
    assert not remove(path)
    assert list(path.parent.iterdir()) == []


def test_a_file_of_others_stays(tmp_path: Path) -> None:
    path = tmp_path / "docker-u2k"
    path.write_bytes(b"\x7fELF\xff\xfe")
    assert status(path) == Installed(path, there=True)
    with pytest.raises(UsageError, match="not of u2k"):
        install(path)
    with pytest.raises(UsageError, match="stays"):
        remove(path)
    assert path.read_bytes() == b"\x7fELF\xff\xfe"
    install(path, force=True)
    assert status(path).current


def test_a_link_that_leads_nowhere_is_something(tmp_path: Path) -> None:
    path = tmp_path / "docker-u2k"
    path.symlink_to(tmp_path / "gone")
    assert status(path) == Installed(path, there=True)


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot be written"):
        install(tmp_path / "file/cli-plugins/docker-u2k")


def test_places(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("DOCKER_CONFIG", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert place() == tmp_path / ".docker/cli-plugins/docker-u2k"
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "c"))
    assert place() == tmp_path / "c/cli-plugins/docker-u2k"
    assert place(system=True) == Path("/usr/local/lib/docker/cli-plugins/docker-u2k")


@pytest.fixture
def stub(tmp_path: Path) -> Path:
    """One that runs a shell script in place of Python; its path has what a shell would take apart."""
    python = tmp_path / "it's $HOME/py thon"
    python.parent.mkdir()
    python.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\nexit 7\n')
    python.chmod(0o755)
    path = tmp_path / "docker-u2k"
    path.write_text(stub_text(str(python)))
    return path


def run(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["sh", *words], capture_output=True, text=True, check=False)


def test_the_stub_says_what_it_is_without_python(stub: Path) -> None:
    done = run(stub, "docker-cli-plugin-metadata")
    assert done.returncode == 0
    told = json.loads(done.stdout)
    assert told["SchemaVersion"] == "0.1.0"
    assert told["Vendor"] and told["ShortDescription"]
    assert told["Version"] == __version__


def test_the_stub_passes_words_and_status_on(stub: Path) -> None:
    done = run(stub, "-c", "a b", "u2k", "run", "x", "")
    assert done.stdout.splitlines() == [
        "-P",
        "-m",
        "converter.cli.docker",
        "-c",
        "a b",
        "u2k",
        "run",
        "x",
        "",
    ]
    assert done.returncode == 7


def test_the_stub_says_when_its_u2k_is_gone(stub: Path, tmp_path: Path) -> None:
    (tmp_path / "it's $HOME/py thon").unlink()
    done = run(stub, "u2k", "ps")
    assert done.returncode == 127
    assert "u2k plugin install" in done.stderr
