"""`u2k explain` of unikernels and images: what is linked and kept, beyond what the profile says."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path

import pytest
from typer.testing import CliRunner

from converter.cli.main import app
from converter.errors import UsageError
from tests.builders import oci
from tests.unit.report.test_conversion import LAYER, RUN


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("image")
    return str(oci.write_tar(folder / "image.tar", oci.simple_layout([LAYER], run=RUN)))


@pytest.fixture(scope="module")
def profile(archive: str) -> Path:
    """The program's, and some calls more: seen, read, not to be had."""
    file = Path(archive).with_name("p.json")
    assert CliRunner().invoke(app, ["profile", archive, "-o", str(file)]).exit_code == 0
    told = json.loads(file.read_text())
    told["syscalls"] |= {
        name: [{"kind": kind, "source": "x"}]
        for name, kind in (("read", "static"), ("rt_sigaction", "dynamic"), ("quotactl", "dynamic"))
    }
    file.write_text(json.dumps(told))
    return file


def u2k(*words: str | Path) -> tuple[int, str]:
    done = CliRunner().invoke(app, [*map(str, words)])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.output


@pytest.mark.parametrize(
    ("options", "call", "status", "said"),
    [
        ([], "read", 0, "linked"),
        ([], "quotactl", 0, "not linked: the library OS it was made with does not have it"),
        ([], "rt_sigreturn", 0, "linked: system call rt_sigaction relies on it"),
        ([], "fsync", 1, "not linked"),
        (["--strict"], "read", 0, "not linked: nobody saw it, and it was converted with --strict"),
        (["--strict"], "rt_sigaction", 0, "linked"),
        (["--drop", "read"], "read", 0, "not linked: --drop left it out"),
        (["--full"], "fsync", 0, "linked: it was converted with --full"),
        (["--add-syscall", "fsync"], "fsync", 0, "linked"),
    ],
)
def test_of_a_unikernel(
    archive: str, profile: Path, tmp_path: Path, options: list[str], call: str, status: int, said: str
) -> None:
    made = tmp_path / "x.u2k"
    assert u2k("convert", "--profile", profile, *options, "-o", made, archive)[0] == 0
    found, output = u2k("explain", made, "syscall", call)
    assert found == status
    assert any(line == said or line.startswith(said + " (") for line in output.splitlines()), output
    document = json.loads(u2k("explain", "--json", made, "syscall", call)[1])
    assert document["linked"] is said.startswith("linked")
    assert document["in"] is (status == 0)


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/bin/app", 0, "in the root: the program"),
        ("/etc/app.conf", 0, "in the root: data of the package app"),
        (
            "/usr/share/doc/app/copyright",
            1,
            "left out of the root: documentation; what keeps it is --keep /usr/share/doc/app/copyright",
        ),
        ("/none", 1, "the image has no such file"),
    ],
)
def test_files_of_an_image(archive: str, path: str, status: int, said: str) -> None:
    found, output = u2k("explain", archive, "file", path)
    assert (found, output.splitlines()[-1]) == (status, said)
    document = json.loads(u2k("explain", "--json", archive, "file", path)[1])
    assert document["kept"] is (status == 0)
    assert document["presence"] == said


def test_a_pipe_is_a_profile(profile: Path, tmp_path: Path) -> None:
    """As in `u2k diff <(u2k profile --json a) <(u2k profile --json b)`."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_text(profile.read_text()), daemon=True)
    writer.start()
    status, output = u2k("explain", pipe, "syscall", "quotactl")
    assert (status, "dynamic x" in output) == (0, True)
    writer.join(10)


def test_a_unikernel_is_a_profile_and_no_image(archive: str, profile: Path, tmp_path: Path) -> None:
    """`--profile FILE.u2k` was no JSON, and `convert FILE.u2k` no sound tar archive."""
    made, again = tmp_path / "x.u2k", tmp_path / "y.u2k"
    assert u2k("convert", "--profile", profile, "-o", made, archive)[0] == 0
    assert u2k("convert", "--strict", "--profile", made, "-o", again, archive)[0] == 0
    assert u2k("explain", again, "syscall", "rt_sigaction")[0] == 0
    for verb in ("convert", "inspect", "profile"):
        error = CliRunner().invoke(app, [verb, str(made)]).exception
        assert isinstance(error, UsageError)
        assert "no image" in error.what and "u2k run" in str(error.hint)
