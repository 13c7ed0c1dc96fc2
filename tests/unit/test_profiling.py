"""Reading and running an image's program: which of both decides, and what is run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from converter.analyze.users import Credentials
from converter.errors import RunError
from converter.image.tree import FileTree
from converter.options import Options
from converter.profile.model import Profile, Subject
from converter.profiling import Profiled, Reading, as_watched, profile_image, read_image
from converter.trace.model import Started, Trace
from converter.trace.request import TraceRequest
from converter.trace.sandbox import Sandbox
from converter.trace.unpack import Owners
from tests.builders import elves, oci
from tests.builders.trees import regular

SUBJECT = Subject("", "sha256:0", "linux/amd64", "/bin/app", ("app", "x"), (), "/", (5, 5))
SEEN = Started(b"/bin/app", (b"app", b"x"), (b"PATH=/bin", b"HOSTNAME=u2k"), b"/", Credentials(5, 5, ()))
FILES = [
    oci.file("bin/app", elves.elf(), mode=0o755),
    oci.file("bin/dash", elves.elf(), mode=0o755),
    oci.file("bin/gosu", elves.elf(), mode=0o755),
    oci.file("bin/unknown", elves.elf(), mode=0o755),
    oci.file("bin/entry", b"#!/bin/dash\nunknown > /made\nexec gosu 5:5 app x\n", mode=0o755),
    oci.file("etc/passwd", b"root:x:0:0::/:/bin/dash\n"),
]


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("U2K_CACHE_DIR", str(tmp_path / "cache"))


@pytest.fixture
def archive(tmp_path: Path) -> str:
    run = {"Entrypoint": ["/bin/entry"], "Env": ["PATH=/bin"]}
    return str(oci.write_tar(tmp_path / "image.tar", oci.simple_layout([oci.layer(*FILES)], run=run)))


def trace_of(program: Started, **more: Any) -> Trace:
    return Trace(
        Profile(SUBJECT, "1"), program, (), more_steps=0, forked=0, others={}, ending="it ended", **more
    )


def test_where_reading_cannot_decide_a_run_does_and_its_files_are_the_root(archive: str) -> None:
    reading = read_image(archive)
    assert reading.resolution.undecided is not None
    tree = reading.image_tree.with_entries({b"/made": regular(b"made")})
    changed = as_watched(reading, trace_of(SEEN, tree=tree, changed=(b"/made",)))
    assert (changed.program.argv, changed.program.user.uid) == ((b"app", b"x"), 5)
    assert changed.program.environment == {b"PATH": b"/bin"}
    assert changed.tree is tree
    assert changed.image_tree is reading.image_tree
    resolution = changed.resolution
    assert (resolution.decided_by, resolution.undecided, resolution.tree) == ("trace", None, tree)
    assert resolution.reasons[-2:] == (
        "a run showed app x",
        "what the run changed before is in the root: /made",
    )


def test_a_script_that_stays_is_decided_by_the_run_too(archive: str) -> None:
    reading = read_image(archive)
    itself = replace(SEEN, path=b"/bin/entry", argv=(b"/bin/entry",))
    assert as_watched(reading, trace_of(itself)).resolution.decided_by == "trace"


def test_a_script_that_fails_decides_nothing(archive: str) -> None:
    reading = read_image(archive)
    itself = replace(SEEN, path=b"/bin/entry", argv=(b"/bin/entry",))
    with pytest.raises(RunError, match=r"(?s)came to no program: it ended.*no password"):
        as_watched(reading, trace_of(itself, failed=True, notes=("its last words: no password",)))
    assert as_watched(reading, trace_of(SEEN, failed=True)).program.argv == (b"app", b"x")


def test_what_reading_decided_and_a_run_confirms_stays_as_it_is(archive: str) -> None:
    reading = read_image(archive, Options(program=("app", "x")))
    assert as_watched(reading, trace_of(replace(SEEN, path=b"/bin/../bin/app"), failed=True)) is reading


@pytest.mark.parametrize("owners", [None, Owners(1000, 1000)])
def test_without_the_right_to_change_users_only_the_program_runs(
    archive: str, monkeypatch: pytest.MonkeyPatch, owners: Owners | None
) -> None:
    asked: list[tuple[FileTree, Any, bool]] = []

    def run(tree: FileTree, program: Any, *_: object, changes: bool = False, **__: object) -> Trace:
        asked.append((tree, program, changes))
        return trace_of(replace(SEEN, path=b"/bin/app"))

    monkeypatch.setattr("converter.trace.image.trace_image", run)
    monkeypatch.setattr("converter.trace.sandbox.sandbox", lambda: Sandbox("bwrap", owners))
    found = profiled(archive, "/bin/gosu", "5:5 app x")
    tree, program, changes = asked[0]
    assert found.trace is not None
    if owners is None:
        assert (program.argv, program.user.uid) == ((b"app", b"x"), 5)
        assert any("not the entrypoint" in note for note in found.trace.notes)
    else:
        assert (program.argv[0], program.user.uid) == (b"/bin/gosu", 0)
        assert found.trace.notes == ()
    assert (tree, changes) == (found.reading.image_tree, False)


def profiled(archive: str, entrypoint: str, args: str) -> Profiled:
    options = Options(entrypoint=(entrypoint,), args=tuple(args.split()))
    reading: Reading = read_image(archive, options)
    assert reading.resolution.undecided is None, reading.resolution.undecided
    return profile_image(archive, options, trace=TraceRequest())
