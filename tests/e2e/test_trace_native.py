"""Tracing in the sandbox: a program is watched from the ENTRYPOINT to its stop, and cannot get out."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from converter.analyze.program import Program, find_program
from converter.errors import RunError
from converter.image.model import ImageConfig
from converter.image.open import file_tree, open_image
from converter.image.platform import Platform
from converter.image.tree import FileTree
from converter.profile.model import Subject
from converter.profile.reading import read_profile
from converter.trace import contents
from converter.trace.image import trace_image
from converter.trace.model import Trace
from converter.trace.request import TraceRequest, checked_exercise, parse_probe
from converter.trace.sandbox import Sandbox, check
from converter.trace.watch import Watcher
from fixtures.compile import compiled
from tests.builders.trees import directory, program, regular, symlink, tree_of
from tests.e2e.conftest import Command

SANDBOX = check()
pytestmark = [
    pytest.mark.skipif(
        shutil.which("gcc") is None or os.uname().machine != "x86_64", reason="needs gcc, x86-64"
    ),
    pytest.mark.skipif("work" not in SANDBOX.found, reason=f"no sandbox here: {SANDBOX.found}"),
    pytest.mark.usefixtures("nothing_is_left"),
]
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="images' users need root")
SUBJECT = Subject("test", "sha256:0", "linux/amd64", "", (), (), "/", (0, 0))
SOURCE = Path(__file__).parents[1] / "guest/trace/subject.c"


@pytest.fixture(scope="module")
def tree() -> FileTree:
    binary = compiled(SOURCE, "gcc", ["-static", "-D_GNU_SOURCE"])
    return tree_of(
        {
            "/bin/subject": program(binary),
            "/bin/child": program(binary),
            "/bin/link": symlink(b"subject"),
            "/etc/passwd": regular(b"root:x:0:0::/root:/bin/none\n"),
            "/etc/child.conf": regular(b"c"),
            "/etc/worker.conf": regular(b"w"),
            "/etc/more.conf": regular(b"m"),
            "/srv": directory(),
            "/work": directory(),
        }
    )


def started(tree: FileTree, *args: str, user: str = "") -> Program:
    config = ImageConfig(
        architecture="amd64", os="linux", entrypoint=("/bin/subject",), cmd=args, env=("A=b",), user=user,
        working_dir="/work", exposed_ports=("81",),
    )  # fmt: skip
    return find_program(config, tree)


@pytest.fixture
def trace(tree: FileTree) -> Callable[..., Trace]:
    def run(*args: str, user: str = "", probes: tuple[str, ...] = (), **more: object) -> Trace:
        request = TraceRequest(probes=tuple(map(parse_probe, probes)), **more)  # type: ignore[arg-type]
        return trace_image(tree, started(tree, *args, user=user), request, SUBJECT)

    return run


@needs_root
def test_from_the_entry_to_the_program_that_runs_in_the_end(trace: Callable[..., Trace]) -> None:
    found = trace("entry", "serve", probes=("tcp://:81 hello",))
    subject = found.profile.subject
    assert (subject.path, subject.argv, subject.cwd) == ("/bin/subject", ("subject", "serve"), "/srv")
    assert found.program is not None
    assert found.program.path == b"/bin/link"
    assert subject.user == (1000, 1001, 1005)
    assert {"A=b", "ADDED=by entry"} <= set(subject.env)
    assert [(step.path, step.user.uid) for step in found.steps] == [(b"/bin/subject", 0)]
    assert found.answers == ("tcp://127.0.0.1:81 hello: answered b'hello\\r\\n'",)
    assert found.ending == "stopped when the exercises were done"


@needs_root
def test_what_the_program_uses_and_nothing_of_the_others(trace: Callable[..., Trace]) -> None:
    found = trace("entry", "serve", probes=("tcp://:81 hello",))
    profile = found.profile
    assert {"socket", "bind", "listen", "accept", "read", "write", "clone", "rt_sigaction"} <= set(
        profile.syscalls
    )
    assert not {"chown", "setgroups", "setuid", "execve"} & set(profile.syscalls)
    assert list(profile.sockets) == ["tcp 0.0.0.0:81 listen"]
    assert set(profile.arguments["socket.domain"]) == {"2"}
    assert {"/bin/link", "/bin/subject", "/etc/worker.conf"} <= set(profile.files)
    assert not {"/etc/child.conf", "/etc/more.conf", "/srv/made"} & set(profile.files)
    assert found.forked == 1
    assert list(found.others) == ["/bin/child"]
    assert (found.others["/bin/child"].by, found.others["/bin/child"].times) == (b"/bin/subject", 1)
    assert "access" in found.others["/bin/child"].syscalls
    evidence = profile.syscalls["listen"][0]
    assert (evidence.kind, evidence.source) == ("dynamic", "trace")


@needs_root
def test_what_the_entry_changed_is_read_back_and_not_what_the_program_changes(tree: FileTree) -> None:
    found = trace_image(tree, started(tree, "entry", "write"), TraceRequest(), SUBJECT, changes=True)
    assert found.ending == "it ended with status 0"
    assert found.tree is not None
    assert found.changed == (b"/srv", b"/srv/made")
    made, folder = found.tree[b"/srv/made"], found.tree[b"/srv"]
    assert found.tree.read(made) == b"made\n"
    assert (made.uid, made.gid, made.mode) == (1000, 1001, 0o644)
    assert (folder.uid, folder.gid, folder.mode) == (1000, 1001, 0o755)
    assert b"/srv/later" not in found.tree
    assert "/srv/made" in found.profile.files


@needs_root
def test_a_run_that_reads_nothing_back_keeps_nothing(trace: Callable[..., Trace]) -> None:
    found = trace("entry", "write")
    assert (found.tree, found.changed) == (None, ())


@needs_root
def test_more_changes_than_can_be_kept_are_told(tree: FileTree, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contents, "_MAX_BYTES", 4)
    found = trace_image(tree, started(tree, "entry", "write"), TraceRequest(), SUBJECT, changes=True)
    assert found.tree is None
    assert any("is not in the root: more than" in note for note in found.notes)


def test_an_exercise_adds_what_it_made_the_program_do(trace: Callable[..., Trace], tmp_path: Path) -> None:
    script = tmp_path / "exercise"
    script.write_text(
        f"#!{sys.executable}\nimport os, socket\n"
        "with socket.create_connection((os.environ['U2K_HOST'], int(os.environ['U2K_PORT']))) as s:\n"
        "    s.sendall(b'more')\n    assert s.recv(9) == b'more'\n    assert s.recv(9) == b''\n"
    )
    script.chmod(0o755)
    found = trace("serve", exercises=(checked_exercise(script),))
    assert "/etc/more.conf" in found.profile.files


def test_an_exercise_that_fails_is_told_with_its_words(trace: Callable[..., Trace], tmp_path: Path) -> None:
    script = tmp_path / "exercise"
    script.write_text("#!/bin/sh\necho this went wrong\nexit 7\n")
    script.chmod(0o755)
    with pytest.raises(RunError, match=r"(?s)ended with status 7.*this went wrong"):
        trace("serve", exercises=(script,))


@pytest.fixture
def one_id(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sandbox as it is for who is not root."""
    way = Sandbox(shutil.which("bwrap") or "bwrap", None)
    monkeypatch.setattr("converter.trace.image.sandbox", lambda: way)


@pytest.mark.usefixtures("one_id")
def test_with_one_id_programs_are_asked_all_the_same(trace: Callable[..., Trace]) -> None:
    found = trace("serve", user="1000", probes=("tcp://:81 hello",))
    assert found.answers == ("tcp://127.0.0.1:81 hello: answered b'hello\\r\\n'",)
    assert any("one user id" in note for note in found.notes)


@pytest.mark.usefixtures("one_id")
def test_a_failure_with_one_id_says_that_it_was_one(trace: Callable[..., Trace]) -> None:
    with pytest.raises(RunError, match=r"(?s)ended before the probe .*u2k is not root") as caught:
        trace("entry", "serve", probes=("tcp://:81",))
    assert str(caught.value.hint).startswith("run u2k as root; else ")


def test_a_probe_of_several_lines_and_bytes(trace: Callable[..., Trace]) -> None:
    found = trace("serve", probes=(r"tcp://:81 one\r\ntwo\x00\\n\q",))
    assert found.answers == (r"tcp://127.0.0.1:81 one\r\ntwo\x00\\n\q: answered b'one\r\ntwo\x00\\n\\q\r\n'",)


def test_a_host_that_cannot_is_told_before_anything_long(
    u2k: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    done = u2k("profile", "--trace", "localhost:1/none:1")  # where nobody listens
    assert b"bubblewrap and strace not installed" in done.stderr
    assert b"next: apt install bubblewrap strace" in done.stderr
    assert done.returncode == 1


def test_a_program_that_ends_before_it_was_asked(trace: Callable[..., Trace]) -> None:
    with pytest.raises(RunError, match=r"(?s)ended before the probe .*status 3.*these are my last words"):
        trace("status", "3", probes=("tcp://:81",))


def test_a_probe_that_nobody_answers(trace: Callable[..., Trace]) -> None:
    with pytest.raises(RunError, match=r"probe tcp://127.0.0.1:82 was not answered \(.*refused") as caught:
        trace("serve", probes=("tcp://:82",), seconds=1.0)
    assert "listens on: 81" in str(caught.value.hint)


def test_a_program_that_ends_by_itself(trace: Callable[..., Trace]) -> None:
    found = trace("status", "0")
    assert found.ending == "it ended with status 0"
    assert "exit_group" in found.profile.syscalls


def test_a_program_that_waits_is_stopped(trace: Callable[..., Trace]) -> None:
    found = trace("wait")
    assert "nothing new" in found.ending
    assert "pause" in found.profile.syscalls


def test_a_program_of_a_user(trace: Callable[..., Trace]) -> None:
    found = trace("status", "0", user="1234:99")
    assert found.profile.subject.user[:2] == (1234, 99)
    assert found.profile.subject.cwd == "/work"


def test_the_sandbox_holds(trace: Callable[..., Trace]) -> None:
    assert trace("escape").ending == "it ended with status 0"


def test_an_entrypoint_that_only_a_run_explains(
    u2k: Command, image: Callable[[str], Path], tmp_path: Path
) -> None:
    archive, made, file = image("redis"), tmp_path / "made.u2k", tmp_path / "profile.json"
    # Of awk nobody knows by reading what it writes.
    script = """umask 027; echo 1 > one; busybox awk 'BEGIN { print "made" }' > made
exec busybox grep -hE '^(Umask|made|1$)' /proc/self/status made one"""
    command = ("--entrypoint", "/bin/sh", "--args", shlex.join(["-c", script]))
    done = u2k("convert", archive, *command, "--trace", "-o", made, "--save-profile", file)
    assert done.returncode == 0, done.stderr
    subject = read_profile(file).subject
    assert subject.argv[-2:] == ("made", "one")
    assert subject.decided_by == "trace"
    assert subject.reasons[-1] == "what the run changed before is in the root: /data/made, /data/one"
    assert any(reason.startswith("not decided by reading: ") for reason in subject.reasons)
    ran = u2k("run", "--on", "process", made)
    assert (ran.returncode, ran.stdout) == (0, b"Umask:\t0027\nmade\n1\n")


def test_an_entrypoint_that_fails_shows_no_program(u2k: Command, image: Callable[[str], Path]) -> None:
    script = "busybox awk 'BEGIN { exit 1 }' || { echo no password >&2; exit 3; }; exec busybox true"
    command = ("--entrypoint", "/bin/sh", "--args", shlex.join(["-c", script]))
    done = u2k("profile", image("redis"), *command, "--trace")
    assert done.returncode == 1
    assert b"the entrypoint came to no program: it ended with status 3\n" in done.stderr
    assert b"its last words: no password\n" in done.stderr
    assert b"-e NAME=VALUE" in done.stderr


def test_what_goes_wrong_in_the_watching_is_not_lost(
    trace: Callable[..., Trace], monkeypatch: pytest.MonkeyPatch
) -> None:
    def feed(*_: object) -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(Watcher, "feed", feed)
    with pytest.raises(ZeroDivisionError, match="a bug"):
        trace("wait")


def test_the_program_of_a_fixture(image: Callable[[str], Path]) -> None:
    opened = open_image(str(image("sqlite-batch")), platform=Platform())
    files = file_tree(opened)
    found = trace_image(files, find_program(opened.config, files), TraceRequest(), SUBJECT)
    assert found.profile.subject.argv == ("sqlite3", "-batch", "/var/lib/job/job.db", ".read /job.sql")
    assert {"/job.sql", "/usr/bin/sqlite3"} <= set(found.profile.files)
    assert any("libsqlite3.so" in path for path in found.profile.libraries)
    assert any("ld-linux" in path for path in found.profile.libraries)
    assert {"fcntl", "pwrite64", "fdatasync"} <= set(found.profile.syscalls)
    assert {"6"} <= set(found.profile.arguments["fcntl"])


def test_strict_of_what_was_seen_runs_the_same(
    u2k: Command, image: Callable[[str], Path], tmp_path: Path
) -> None:
    """A trace saved, and then the tightest unikernel: calls, parts and files that were seen."""
    archive, seen, made = image("sqlite-batch"), tmp_path / "seen.json", tmp_path / "made.u2k"
    first = u2k("convert", "--json", "--trace", "--save-profile", seen, "-o", tmp_path / "first.u2k", archive)
    document = json.loads(first.stdout)
    assert document["traced"] == ["it ended with status 0"]
    options = ("--strict", "--files", "strict", "--profile", seen)
    strict = json.loads(u2k("convert", "--json", *options, "-o", made, archive).stdout)
    assert set(strict["linked"]) < set(document["linked"])
    gone = set(document["linked"]) - set(strict["linked"])
    assert gone == set(strict["unlinked"]) & set(document["linked"])
    assert strict["notes"] == []
    ran = u2k("run", "--on", "process", made)
    assert (ran.returncode, ran.stdout) == (0, b"2000|2668667000\nn1234\nwal\n1000\nok\n")
    assert b"next: " not in ran.stderr, "nothing was missed"
