"""What the user is told to type after a run."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from converter.errors import UsageError
from converter.link.manifest import SCHEMA, Manifest
from converter.profile.writing import profile_text
from converter.remembered import remember
from converter.run.request import RunRequest
from converter.trace import watched_run
from converter.trace.watched_run import run_learning, run_plainly
from tests.unit.profile.profiles import PROFILE, SUBJECT

MANIFEST = Manifest(
    schema=SCHEMA,
    tool_version="1",
    source_digest="sha256:0",
    target="vm",
    os="linux",
    architecture="amd64",
    path="/x",
    argv=("x",),
    entrypoint_args=0,
    env=(),
    cwd="/",
    user=(0, 0),
    stop_signal="SIGTERM",
    ports=(),
    volumes=(),
    syscalls=(),
    parts=(),
    kernel_bytes=0,
    root_bytes=0,
)
CALL = (
    "u2k: system call flock (73) is not in this unikernel: ENOSYS; "
    "add it with: u2k convert --add-syscall flock"
)
PART = "u2k: part procfs is not in this unikernel: ENOENT; add it with: u2k convert --add-part procfs"
QUIET = (
    "u2k: system call rseq (334) is not in the library OS: ENOSYS, "
    "programs do without (docs/reference/syscalls.md)"
)
LOST = (
    "u2k: /srv/it's [1].txt was left out of the root: ENOENT; "
    "keep it with: u2k convert --keep '/srv/it's [1].txt'"
)


class Says:
    """A way to run that says these lines in the log, and ends with 3."""

    name = "says"

    def __init__(self, *lines: str) -> None:
        self.lines = lines

    def available(self, manifest: Manifest) -> str | None:
        return None

    def run(self, request: RunRequest) -> int:
        assert request.watch is not None
        for line in self.lines:
            assert request.watch(line) is False, "the user sees it as well"
        return 3

    def __call__(self, manifest: Manifest) -> Says:
        return self


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("U2K_CACHE_DIR", str(tmp_path / "cache"))


@pytest.fixture
def request_for(tmp_path: Path) -> RunRequest:
    return RunRequest(tmp_path / "a b.u2k", MANIFEST)


def command(said: list[str]) -> list[str]:
    """The words behind `next: u2k convert`."""
    (line,) = [line for line in said if line.startswith("next: ")]
    return shlex.split(line.removeprefix("next: u2k convert "))


def test_nothing_missed_is_nothing_said(request_for: RunRequest) -> None:
    assert run_plainly(request_for, Says(QUIET, "something else"), None) == (3, [])


def test_the_command_is_whole(request_for: RunRequest, tmp_path: Path) -> None:
    """It once lacked the image, its output, and the options that the unikernel was made with."""
    archive = tmp_path / "image.tar"
    archive.touch()
    remember(MANIFEST, str(archive), ["--strict", "--drop", "flock", "--drop", "read"])
    status, said = run_plainly(request_for, Says(CALL, PART, LOST, QUIET), None)
    assert status == 3
    expected = ["--strict", "--drop", "read", "--add-syscall", "flock", "--add-part", "procfs"]
    keep = ["--keep", r"/srv/it's \[1\].txt"]
    assert command(said) == ["--force", "-o", str(tmp_path / "a b.u2k"), *expected, *keep, str(archive)]


def test_an_unknown_image_is_named_by_its_digest(request_for: RunRequest) -> None:
    said = run_plainly(request_for, Says(CALL), None)[1]
    assert command(said)[-1] == "IMAGE"
    assert "sha256:0" in said[-1]


def test_an_image_that_was_run_is_named(request_for: RunRequest) -> None:
    """Its unikernel lies in the cache: nobody wants it replaced there."""
    said = run_plainly(request_for, Says(CALL), "redis:7")[1]
    assert command(said) == ["--add-syscall", "flock", "redis:7"]


@pytest.fixture
def carries(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def carried(profile: object = PROFILE) -> None:
        monkeypatch.setattr(watched_run, "carried_profile", lambda _: profile)

    return carried


def test_what_was_learned_is_in_the_profile(
    request_for: RunRequest, tmp_path: Path, carries: Callable[..., None]
) -> None:
    carries()
    remember(MANIFEST, "redis:7", ["--files", "strict"])
    said = run_learning(request_for, Says(CALL, PART), None, None)[1]
    profile = tmp_path / "a b.profile.json"
    assert '"learned"' in profile.read_text()
    words = ["--files", "strict", "--profile", str(profile), "--add-part", "procfs", "redis:7"]
    assert command(said) == ["--force", "-o", str(tmp_path / "a b.u2k"), *words]


def test_an_images_profile_lies_here_and_not_in_the_cache(
    request_for: RunRequest, tmp_path: Path, carries: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    carries()
    monkeypatch.chdir(tmp_path)
    said = run_learning(request_for, Says(CALL), "registry/redis:7", None)[1]
    assert (tmp_path / "redis-7.profile.json").exists()
    assert command(said) == ["--profile", "redis-7.profile.json", "registry/redis:7"]


def test_a_profile_of_another_program_is_not_added_to(
    request_for: RunRequest, tmp_path: Path, carries: Callable[..., None]
) -> None:
    carries()
    other = tmp_path / "other.json"
    other.write_text(profile_text(PROFILE).replace(SUBJECT.path, "/usr/bin/other"))
    with pytest.raises(UsageError) as caught:
        run_learning(request_for, Says(CALL), None, other)
    assert caught.value.where == str(other)
    assert "learned" not in other.read_text()
