"""The options of `u2k run`, and its arguments, mean what they mean to `docker run`."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from converter.cache.folder import cache_folder
from tests.e2e.conftest import U2K, Command
from tests.e2e.subject import MACHINES, PATIENCE, PLATFORMS, needs_gcc

pytestmark = needs_gcc
Platform = tuple[str, ...]
Image = Callable[[str], Path]
Convert = Callable[[Path], Path]


@pytest.mark.parametrize("platform", MACHINES)
@pytest.mark.parametrize("status", [0, 3, 255])
def test_status(u2k: Command, subject: Path, platform: Platform, status: int) -> None:
    assert u2k("run", *platform, subject, "exit", str(status)).returncode == status


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize(("how", "status"), [("15", 143), ("9", 137), ("abort", 134), ("8", 136)])
def test_death_by_signal(u2k: Command, subject: Path, platform: Platform, how: str, status: int) -> None:
    done = u2k("run", *platform, subject, "fall", how)
    assert (done.stdout, done.returncode) == (b"before\n", status)


@pytest.mark.parametrize("platform", MACHINES)
def test_environment(subject: Path, platform: Platform) -> None:
    """A value, an empty one, one of the image's replaced, one from the host, one that the host has not."""
    options = ["-e", "A=b=c d\n", "-e", "EMPTY=", "-e", "LC_ALL=de_DE", "-e", "FROM_HOST", "-e", "NOWHERE"]
    environment = os.environ | {"FROM_HOST": "\udcff yes"}
    environment.pop("NOWHERE", None)
    done = subprocess.run(
        [*U2K, "run", *platform, *options, str(subject), "x"],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=PATIENCE,
        check=True,
    )
    _, _, after = done.stdout.partition(b"[x]\n")
    told = [line for line in after.split(b"\n") if not line.startswith((b"PATH=", b"HOME="))]
    assert sorted(told) == sorted([b"A=b=c d", b"", b"EMPTY=", b"LC_ALL=de_DE", b"FROM_HOST=\xff yes", b""])


@pytest.mark.parametrize("platform", PLATFORMS)
def test_arguments(u2k: Command, subject: Path, platform: Platform) -> None:
    """What follows the file is the program's, options or not, bytes of any kind."""
    given = ["--on", "-x", "", 'a "b" %20', "\n", "\udcff", "--", "ü"]
    done = u2k("run", *platform, subject, *given)
    first = done.stdout.partition(b"]")[2].partition(b"\nPATH")[0]
    assert first == b"".join(b"[%s]" % os.fsencode(word) for word in given)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_hostname(u2k: Command, subject: Path, platform: Platform) -> None:
    done = u2k("run", *platform, "--hostname", "box-1.example", subject, "name")
    assert done.stdout == b"box-1.example box-1.example\n"


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize(
    ("program", "args", "said", "status"),
    [
        ("python3", ["-c", "print(6 * 7)"], b"42\n", 0),
        ("../usr/bin/python3", ["-c", "import sys; sys.exit(9)"], b"", 9),
        ("work.py", [], b"", 127),
        ("/app/work.py", [], b"", 126),
        ("/srv", [], b"", 126),
        ("/usr/bin/python3/x", [], b"", 127),
    ],
)
def test_entrypoint(
    u2k: Command,
    image: Image,
    unikernel: Convert,
    platform: Platform,
    program: str,
    args: list[str],
    said: bytes,
    status: int,
) -> None:
    """By PATH, from the working folder, without the image's CMD; not there, and not to be executed."""
    done = u2k("run", *platform, "--entrypoint", program, unikernel(image("python")), *args)
    assert (done.stdout, done.returncode) == (said, status), done.stderr
    assert (b"u2k: cannot start " + program.encode() in done.stderr) == (status in (126, 127))


def test_keyboard_interrupt_of_python(image: Image, unikernel: Convert) -> None:
    script = "import signal, time\nprint('ready', flush=True)\ntime.sleep(60)"
    command = [*U2K, "run", "--on", "process", "--entrypoint", "python3", str(unikernel(image("python")))]
    with subprocess.Popen(
        [*command, "-c", script], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(2)
        _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert errors.endswith(b"KeyboardInterrupt\n") and errors.count(b"Traceback") == 1


def test_image_is_converted_once(u2k: Command, image: Image) -> None:
    def kept() -> dict[Path, int]:
        return {path: path.stat().st_mtime_ns for path in cache_folder("unikernels").glob("*/unikernel")}

    archive = image("hello-musl-static")
    first = u2k("run", "--on", "process", archive)
    before = kept()
    second = u2k("run", "--on", "process", archive)
    assert first.stdout == second.stdout != b""
    assert first.returncode == second.returncode == 0
    assert before and before.items() <= kept().items()


def test_choice_is_explained(u2k: Command, subject: Path) -> None:
    done = u2k("run", "-v", subject, "exit", "5")
    assert done.returncode == 5
    assert b"u2k: running on: " in done.stderr and b"hardware virtualisation: " in done.stderr
