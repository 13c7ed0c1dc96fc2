"""`u2k profile`, `explain` and `diff`, on an image made here: what they say, and their statuses."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from converter.cli.main import app
from converter.cli.profile import next_command
from converter.errors import UsageError
from converter.options import Options
from tests.builders import elves, oci

LOADER = oci.file("lib/ld.so", elves.elf(), mode=0o755)
LIBC = oci.file("lib/libc.so.6", elves.elf(soname=b"libc.so.6"), mode=0o755)
PROGRAM = oci.file("bin/app", elves.elf(interpreter=b"/lib/ld.so", needed=[b"libc.so.6"]), mode=0o755)
RUN: dict[str, Any] = {"Cmd": ["/bin/app", "a\x1b[2J b"], "Env": ["LANG=C"], "WorkingDir": "/lib"}


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("U2K_CACHE_DIR", str(tmp_path / "cache"))


@pytest.fixture
def archive(tmp_path: Path) -> str:
    layers = [oci.layer(LOADER, LIBC, PROGRAM)]
    return str(oci.write_tar(tmp_path / "image.tar", oci.simple_layout(layers, run=RUN)))


def u2k(*words: str | Path) -> Result:
    return CliRunner().invoke(app, [*map(str, words)])


def refused(*words: str | Path) -> UsageError:
    error = u2k(*words).exception
    assert isinstance(error, UsageError), error
    return error


@pytest.fixture
def saved(archive: str, tmp_path: Path) -> Path:
    file = tmp_path / "p.json"
    assert u2k("profile", archive, "-o", file).exit_code == 0
    return file


def test_profile_says_what_the_program_is(archive: str) -> None:
    found = u2k("profile", archive)
    assert found.exit_code == 0
    assert "/bin/app" in found.output
    assert "/lib/libc.so.6" in found.output
    assert "\x1b" not in found.output


def test_the_next_command_is_for_the_same_program(archive: str, tmp_path: Path) -> None:
    file = tmp_path / "p.json"
    found = u2k(
        "profile", archive, "-o", file, "-e", "A=b c", "--entrypoint", "/bin/app", "--args", "'x y' z"
    )
    words = shlex.split(found.output.splitlines()[-1].removeprefix("next: u2k convert "))
    expected = ["-e", "A=b c", "--entrypoint", "/bin/app", "--args", "'x y' z"]
    assert words == ["--profile", str(file), *expected, archive]
    assert u2k("profile", archive, "-o", file, "--force", *words[2:-1], "--profile", file).exit_code == 0


def test_what_a_run_decided_has_to_run_again() -> None:
    assert "--trace" in next_command(Path("p.json"), "image", Options(), "trace")
    assert "--trace" not in next_command(Path("p.json"), "image", Options(), "script")


def test_the_written_and_the_printed_profile_are_the_same(archive: str, saved: Path) -> None:
    assert u2k("profile", "--json", archive).output == saved.read_text()
    document = json.loads(saved.read_text())
    assert document["subject"]["reference"] == "image.tar", "no path of this host"
    assert document["subject"]["argv"] == RUN["Cmd"]
    assert document["libraries"]["/lib/libc.so.6"] == [
        {"kind": "static", "source": "/bin/app", "detail": "DT_NEEDED libc.so.6"}
    ]
    assert document["libraries"]["/lib/ld.so"][0]["detail"] == "PT_INTERP /lib/ld.so"


def test_an_existing_file_is_kept(archive: str, saved: Path) -> None:
    saved.write_text("precious")
    assert "not overwritten" in refused("profile", archive, "-o", saved).what
    assert saved.read_text() == "precious"
    assert u2k("profile", archive, "-f", "-o", saved).exit_code == 0


def test_given_profiles_are_joined(archive: str, saved: Path, tmp_path: Path) -> None:
    document = json.loads(saved.read_text())
    document["syscalls"]["socket"] = [{"kind": "dynamic", "source": "trace"}]
    more = tmp_path / "more.json"
    more.write_text(json.dumps(document))
    joined = json.loads(u2k("profile", "--json", "--profile", more, archive).output)
    assert joined["syscalls"]["socket"] == [{"kind": "dynamic", "source": "trace"}]


def test_a_profile_of_another_program_is_refused(archive: str, saved: Path) -> None:
    saved.write_text(saved.read_text().replace("/bin/app", "/bin/other"))
    error = refused("profile", archive, "--profile", saved)
    assert "different programs" in error.what
    assert error.where == str(saved), "of several profiles the one that does not fit"


def test_another_program_by_option(archive: str) -> None:
    document = json.loads(u2k("profile", "--json", "--program", "/lib/ld.so 'a b'", archive).output)
    assert document["subject"]["argv"] == ["/lib/ld.so", "a b"]
    assert "No closing quotation" in refused("profile", "--program", "'", archive).what
    assert "names no program" in refused("profile", "--program", " ", archive).what


@pytest.mark.parametrize("kind_of_source", ["image", "profile"])
def test_explain(kind_of_source: str, archive: str, saved: Path) -> None:
    what = archive if kind_of_source == "image" else saved
    found = u2k("explain", what, "lib", "libc")
    assert found.exit_code == 0
    assert "/bin/app: DT_NEEDED libc.so.6" in found.output
    document = json.loads(u2k("explain", what, "lib", "libc", "--json").output)
    assert document["in"] is True
    assert list(document["names"]) == ["/lib/libc.so.6"]


def test_explain_what_is_not_in(saved: Path) -> None:
    found = u2k("explain", saved, "syscall", "io_uring_setup")
    assert found.exit_code == 1
    assert "io_uring_setup: not in" in found.output
    found = u2k("explain", saved, "syscall", "raed")
    assert (found.exit_code, "there is no system call raed" in found.output) == (1, True)
    assert "read" in found.output
    assert "cannot be explained" in refused("explain", saved, "symbol", "x").what


def test_diff(archive: str, saved: Path, tmp_path: Path) -> None:
    same = u2k("diff", archive, saved)
    assert (same.exit_code, same.output) == (0, "")
    document = json.loads(saved.read_text())
    document["libraries"]["/lib/new.so"] = document["libraries"].pop("/lib/libc.so.6")
    document["subject"]["cwd"] = "/"
    other = tmp_path / "other.json"
    other.write_text(json.dumps(document))
    found = u2k("diff", saved, other)
    assert found.exit_code == 1
    assert "  - /lib/libc.so.6\n  + /lib/new.so\n" in found.output
    assert "cwd\n  - /lib\n  + /\n" in found.output
    machine = json.loads(u2k("diff", "--json", saved, other).output)
    assert machine["sections"] == {"libraries": {"added": ["/lib/new.so"], "removed": ["/lib/libc.so.6"]}}
    assert machine["same"] is False


def test_what_is_no_profile(tmp_path: Path) -> None:
    file = tmp_path / "x.json"
    assert "No such file" in refused("diff", file, file).what
    file.write_text("[]")
    assert "an object was expected" in refused("explain", file, "lib", "x").what


SCRIPT = b"""#!/bin/sh
case "$1" in -*) set -- /bin/app "$@" ;; esac
[ -n "$MODE" ] && exec "$@" --mode "$MODE"
exec "$@"
"""
SHELL = oci.file("bin/sh", elves.elf(interpreter=b"/lib/ld.so", needed=[b"libc.so.6"]), mode=0o755)


@pytest.fixture
def scripted(tmp_path: Path) -> str:
    layers = [oci.layer(LOADER, LIBC, PROGRAM, SHELL, oci.file("start.sh", SCRIPT, mode=0o755))]
    run = {"Entrypoint": ["/start.sh"], "Cmd": ["-a"]}
    return str(oci.write_tar(tmp_path / "scripted.tar", oci.simple_layout(layers, run=run)))


@pytest.mark.parametrize(
    ("options", "argv", "decided_by"),
    [
        ([], ["/bin/app", "-a"], "script"),
        (["--args", "-b 'c d'"], ["/bin/app", "-b", "c d"], "script"),
        (["-e", "MODE=x y"], ["/bin/app", "-a", "--mode", "x y"], "script"),
        (["--entrypoint", "/bin/app"], ["/bin/app"], "image"),
        (["--entrypoint", "/bin/app", "--args", "1"], ["/bin/app", "1"], "image"),
        (["--program", "/bin/sh -c true"], ["/bin/sh", "-c", "true"], "user"),
    ],
)
def test_the_entrypoint_is_read(scripted: str, options: list[str], argv: list[str], decided_by: str) -> None:
    subject = json.loads(u2k("profile", "--json", *options, scripted).output)["subject"]
    assert (subject["argv"], subject["decided_by"]) == (argv, decided_by)
    assert subject["reasons"]


def test_variables_need_a_value(scripted: str) -> None:
    assert "sets no variable" in refused("profile", "-e", "HOME", scripted).what
    assert "sets no variable" in refused("profile", "-e", "=x", scripted).what


@pytest.mark.parametrize(
    ("entrypoint", "status"),
    [("nosuch", 127), ("/none", 127), ("/lib", 126), ("/lib/libc.so.6", 126), ("/bin/text", 126)],
)
def test_run_of_an_image_ends_as_docker_run_does(tmp_path: Path, entrypoint: str, status: int) -> None:
    """All were 125, and of a unikernel file 126 and 127."""
    plain = oci.file("lib/libc.so.6", b"x", mode=0o644)
    layers = [oci.layer(LOADER, plain, PROGRAM, oci.file("bin/text", b"text", mode=0o755))]
    archive = oci.write_tar(tmp_path / "image.tar", oci.simple_layout(layers, run=RUN))
    assert u2k("run", "--entrypoint", entrypoint, archive).exit_code == status


def test_a_profile_cannot_steer_the_terminal(saved: Path, archive: str, tmp_path: Path) -> None:
    """Names of arguments were printed as they were."""
    evil, why = "\x1b[2Jioctl\n", [{"kind": "static", "source": "\x1b[2J", "detail": "\u202e\n"}]
    document = json.loads(saved.read_text())
    document["syscalls"]["ioctl"] = why
    document["arguments"] = {evil: {evil: why}, "ioctl." + evil: {evil: why}}
    document["files"]["/" + evil] = document["sockets"][evil] = why
    document["open"] = [evil]
    other = tmp_path / "evil.json"
    other.write_text(json.dumps(document))
    for words in (
        ["profile", "-v", "--profile", other, archive],
        ["diff", saved, other],
        ["explain", other, "syscall", "ioctl"],
        ["explain", other, "file", "/" + evil],
        ["explain", other, "socket", evil],
    ):
        output = u2k(*words).output
        assert "ioctl" in output
        assert not {"\x1b", "\u202e"} & set(output), words
        assert all(line.strip() != "" or not line for line in output.split("\n"))


def test_a_seccomp_profile_without_a_conversion(archive: str, tmp_path: Path) -> None:
    file = tmp_path / "seccomp.json"
    assert u2k("profile", archive, "--seccomp", file).exit_code == 0
    assert json.loads(file.read_text())["architectures"] == ["SCMP_ARCH_X86_64"]
    assert "not overwritten" in refused("profile", archive, "--seccomp", file).what
