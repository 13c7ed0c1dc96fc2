"""Programs that crash, take all they can get, forge or hide: told as what they are, and nothing is left."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from converter.analyze.program import find_program
from converter.errors import RunError
from converter.image.model import ImageConfig
from converter.image.tree import FileTree
from converter.profile.model import Subject
from converter.trace import appetite
from converter.trace.image import trace_image
from converter.trace.model import Trace
from converter.trace.request import TraceRequest
from converter.trace.sandbox import Sandbox, check
from fixtures.compile import compiled
from tests.builders import oci
from tests.builders.trees import directory, program, regular, tree_of

SANDBOX = check()
pytestmark = [
    pytest.mark.skipif(
        shutil.which("gcc") is None or os.uname().machine != "x86_64", reason="needs gcc, x86-64"
    ),
    pytest.mark.skipif("work" not in SANDBOX.found, reason=f"no sandbox here: {SANDBOX.found}"),
    pytest.mark.usefixtures("nothing_is_left"),
]
SUBJECT = Subject("test", "sha256:0", "linux/amd64", "", (), (), "/", (0, 0))
SOURCE = Path(__file__).parents[1] / "guest/trace/hostile.c"


@pytest.fixture(scope="module")
def binary() -> bytes:
    return compiled(SOURCE, "gcc", ["-static", "-D_GNU_SOURCE"])


@pytest.fixture(scope="module")
def tree(binary: bytes) -> FileTree:
    return tree_of(
        {
            "/bin/hostile": program(binary),
            "/bin/set-uid": regular(binary, 0o4755),
            "/etc/conf": regular(b"c"),
            "/work": directory(0o777),
        }
    )


@pytest.fixture
def trace(tree: FileTree) -> Callable[..., Trace]:
    def run(*args: str, name: str = "hostile", user: str = "") -> Trace:
        config = ImageConfig(
            "amd64", "linux", entrypoint=(f"/bin/{name}",), cmd=args, user=user, working_dir="/work"
        )
        return trace_image(tree, find_program(config, tree), TraceRequest(seconds=30), SUBJECT)

    return run


def test_a_crash_is_one_though_the_first_process_is_spared_it(trace: Callable[..., Trace]) -> None:
    found = trace("crash")
    assert (found.ending, found.failed) == ("signal SIGSEGV ended it", True)


def test_a_crash_that_the_program_handles_is_none(trace: Callable[..., Trace]) -> None:
    assert trace("caught").ending == "it ended with status 4"


def test_a_program_that_executes_itself_is_still_that_file(trace: Callable[..., Trace]) -> None:
    found = trace("again", "3")
    assert found.ending == "it ended with status 0"
    assert found.profile.subject.path == "/bin/hostile"
    assert found.profile.subject.argv == ("/bin/hostile", "again", "0")
    assert [step.path for step in found.steps] == [b"/bin/hostile"] * 3


@pytest.mark.parametrize("kind", ["memory", "shared"])
def test_memory_without_bounds(
    trace: Callable[..., Trace], monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(appetite, "_MEMORY_SHARE", 0)
    monkeypatch.setattr(appetite, "_LEAST_MEMORY", 64 << 20)
    with pytest.raises(RunError, match=r"the program takes too much memory: [0-9]+ MiB"):
        trace(kind)


def test_a_disk_that_is_filled(trace: Callable[..., Trace], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(appetite, "_DISK_BYTES", 256 << 20)
    with pytest.raises(RunError, match=r"the program fills the disk: [0-9]+ MiB were written"):
        trace("disk")


def test_folders_that_are_hard_to_remove(trace: Callable[..., Trace]) -> None:
    assert trace("deep").ending == "it ended with status 0"


def test_folders_that_are_hard_to_remove_with_one_id(
    trace: Callable[..., Trace], monkeypatch: pytest.MonkeyPatch
) -> None:
    way = Sandbox(shutil.which("bwrap") or "bwrap", None)
    monkeypatch.setattr("converter.trace.image.sandbox", lambda: way)
    assert trace("deep").ending == "it ended with status 0"


def test_calls_by_the_32_bit_table_are_told_and_not_mistaken(trace: Callable[..., Trace]) -> None:
    found = trace("thirty-two")
    if found.failed:
        pytest.skip("this kernel has no 32-bit calls")
    assert "it made 32-bit system calls, which no unikernel has: getpid" in found.notes
    assert not {"getpid", "writev"} & set(found.profile.syscalls)  # 20 is writev in the 64-bit table


def test_what_a_sandbox_keeps_from_a_program_is_told(trace: Callable[..., Trace]) -> None:
    assert any(note.startswith("ptrace(2) fails for it") for note in trace("ptrace").notes)


@pytest.mark.skipif(os.geteuid() != 0, reason="images' users need root")
def test_a_set_user_id_program_changes_nobody(trace: Callable[..., Trace]) -> None:
    found = trace("set-uid", name="set-uid", user="1000")
    assert found.ending == "it ended with status 0"
    assert any("set-user-ID bits do not count in the sandbox: /bin/set-uid" in note for note in found.notes)


def test_what_a_program_writes_forges_nothing(trace: Callable[..., Trace]) -> None:
    found = trace("garbage")
    assert found.ending == "it ended with status 0"
    assert "/etc/conf" in found.profile.files
    assert not {"socket", "execve"} & set(found.profile.syscalls)
    assert found.profile.subject.path == "/bin/hostile"


@pytest.mark.parametrize(
    ("number", "moment"), [(signal.SIGTERM, 0), (signal.SIGHUP, 0.3), (signal.SIGINT, 1.5)]
)
def test_a_tool_that_is_ended_leaves_nothing(
    binary: bytes, shared_folder: Path, nothing_is_left: Path, number: int, moment: float
) -> None:
    layer = oci.layer(oci.file("bin/hostile", binary, mode=0o755))
    layout = oci.simple_layout([layer], compression="plain", run={"Entrypoint": ["/bin/hostile", "forever"]})
    archive = oci.write_tar(shared_folder / f"hostile-{number}.tar", layout)
    code = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
        "from converter.cli.main import main; main()"
    )
    tool = subprocess.Popen(
        [sys.executable, "-c", code, "profile", "--trace", archive],
        env={**os.environ, "TMPDIR": str(nothing_is_left)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 60
    # The trial of the sandbox has no program.
    while not any(nothing_is_left.glob("u2k-sandbox-*/root/bin/hostile")) and time.monotonic() < deadline:
        assert tool.poll() is None
        time.sleep(0.1)
    time.sleep(moment)
    tool.send_signal(number)
    assert tool.wait(30) == 128 + number
