"""`u2k run` carries standard input, output and error as `docker run` does: every byte, and their ends."""

from __future__ import annotations

import os
import random
import subprocess
from pathlib import Path

import pytest

from tests.e2e.conftest import Command
from tests.e2e.subject import MACHINES, PATIENCE, PLATFORMS, needs_gcc, started, words

pytestmark = needs_gcc
Platform = tuple[str, ...]

BIG = 10_000_000


@pytest.fixture(scope="module")
def noise() -> bytes:
    return random.Random(2).randbytes(BIG)


@pytest.mark.parametrize("platform", MACHINES)
def test_every_byte_of_a_pipe_comes_back(
    u2k: Command, subject: Path, platform: Platform, noise: bytes
) -> None:
    done = u2k("run", *platform, "-i", subject, "copy", stdin=noise)
    assert (done.stderr, done.returncode) == (f"{BIG} bytes\n".encode(), 0)
    assert done.stdout == noise


@pytest.mark.parametrize("platform", PLATFORMS)
def test_input_from_a_file(subject: Path, platform: Platform, noise: bytes, tmp_path: Path) -> None:
    source, sink = tmp_path / "in", tmp_path / "out"
    source.write_bytes(noise)
    with source.open("rb") as stdin, sink.open("wb") as stdout:
        command = words(subject, platform, ["-i"], "copy")
        subprocess.run(command, stdin=stdin, stdout=stdout, check=True, timeout=PATIENCE)
    assert sink.read_bytes() == noise


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("options", [(), ("-i",)], ids=["without -i", "end at once"])
def test_no_input(u2k: Command, subject: Path, platform: Platform, options: tuple[str, ...]) -> None:
    stdin = b"" if options else b"nobody asked for this"
    done = u2k("run", *platform, *options, subject, "copy", stdin=stdin)
    assert (done.stdout, done.stderr, done.returncode) == (b"", b"0 bytes\n", 0)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_input_comes_as_it_is_written(subject: Path, platform: Platform) -> None:
    """No buffering on the way: what was written is answered before more is."""
    command = words(subject, platform, ["-i"], "copy")
    with started(command, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL) as run:
        assert run.process.stdin is not None
        for line in (b"one\n", b"\0\xff\r\n", b"three"):
            run.process.stdin.write(line)
            assert run.until(line) == line
        run.process.stdin.close()
        assert (run.rest(), run.status()) == (b"", 0)


@pytest.mark.parametrize("platform", MACHINES)
def test_output_is_complete_when_the_program_ends_at_once(
    u2k: Command, subject: Path, platform: Platform
) -> None:
    size = 5_000_000
    # The expectation wraps every 2048 bytes: (i * 7 >> 3) & 255
    pattern = bytes((i * 7 >> 3) & 255 for i in range(2048))
    done = u2k("run", *platform, subject, "pour", str(size))
    assert done.returncode == 3
    expected = (pattern * (size // len(pattern) + 1))[:size]
    assert done.stdout == expected
    assert done.stderr == expected


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize(("how", "status", "words_"), [("die", 141, b""), ("ignore", 4, b"Broken pipe\n")])
def test_reader_that_goes_ends_the_program(
    subject: Path, platform: Platform, how: str, status: int, words_: bytes
) -> None:
    command = words(subject, platform, [], "endless", how)
    with started(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE) as run:
        run.until(b"y\ny")
        assert run.process.stdout is not None and run.process.stderr is not None
        run.process.stdout.close()
        assert (run.process.stderr.read(), run.status()) == (words_, status)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_full_disk_ends_the_output(subject: Path, platform: Platform) -> None:
    command = words(subject, platform, [], "endless", "ignore")
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=full,
            stderr=subprocess.PIPE,
            timeout=PATIENCE,
            check=False,
        )
    assert done.returncode == 4, done.stderr
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("closed", [(0,), (1,), (0, 1, 2)])
def test_closed_descriptors_are_as_null(subject: Path, platform: Platform, closed: tuple[int, ...]) -> None:
    """The next pipe or file that u2k opens must not get the number of the program's stream."""

    def close() -> None:
        for number in closed:
            os.close(number)

    command = words(subject, platform, ["-i"], "streams")
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        preexec_fn=close,
        timeout=PATIENCE,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout == (b"" if 1 in closed else b"0 device\n1 pipe\n2 pipe\n")


@pytest.mark.parametrize("platform", PLATFORMS)
def test_output_that_does_not_block(subject: Path, platform: Platform) -> None:
    """O_NONBLOCK belongs to the open file, which others may have set before us."""
    read, write = os.pipe()
    os.set_blocking(write, False)
    command = words(subject, platform, [], "pour", "300000")
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=write, stderr=subprocess.DEVNULL
    ) as process:
        os.close(write)
        with os.fdopen(read, "rb") as output:
            assert len(output.read()) == 300_000
        assert process.wait(PATIENCE) == 3


@pytest.mark.parametrize("platform", PLATFORMS)
def test_log_of_the_library_os_comes_on_standard_error(
    u2k: Command, subject: Path, platform: Platform
) -> None:
    done = u2k("run", *platform, "--entrypoint", "/no/such", subject)
    assert done.stdout == b""
    assert done.stderr.startswith(b"u2k: ") and b"/no/such" in done.stderr
