"""The record of what a run says."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from converter.runs.record import Piece, followed, last_lines, pieces

SCRIPT = """
import os, sys, subprocess
from pathlib import Path
from converter.runs.record import Recorder
recorder = Recorder(Path(sys.argv[1]))
recorder.begin()
os.write(1, b"early\\n")
recorder.carry()
print("from python", flush=False)
subprocess.run(["sh", "-c", "head -c 300000 /dev/zero; echo err >&2; printf 'no end\\\\377'"], check=True)
recorder.finish()
os.write(1, b"into nothing")
"""


def recorded(path: Path) -> list[Piece]:
    return list(followed(path, None, None))


def test_all_is_there_when_it_is_finished(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path / "log")],
        check=True,
        env={"PYTHONPATH": ":".join(filter(None, sys.path)), "PATH": "/usr/bin:/bin"},
    )
    found = recorded(tmp_path / "log")
    output = b"".join(each.data for each in found if each.stream == 1)
    assert output.startswith(b"early\n") and output.count(b"\0") == 300000
    assert b"no end\xff" in output and b"from python\n" in output
    assert b"".join(each.data for each in found if each.stream == 2) == b"err\n"
    assert [each.time for each in found] == sorted(each.time for each in found)
    assert (tmp_path / "log").stat().st_mode & 0o077 == 0


def write(path: Path, *said: tuple[int, bytes]) -> None:
    import struct

    with path.open("ab") as file:
        for stream, data in said:
            file.write(struct.pack(">B3xIQ", stream, len(data), 7) + data)


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (0, []),
        (1, [(1, b"end")]),
        (2, [(2, b"e1e2\n"), (1, b"end")]),
        (3, [(1, b"two\n"), (2, b"e1e2\n"), (1, b"end")]),
        (99, [(1, b"one\n"), (1, b"two\n"), (2, b"e1e2\n"), (1, b"end")]),
    ],
)
def test_last_lines_of_both_streams(tmp_path: Path, count: int, expected: list[tuple[int, bytes]]) -> None:
    write(tmp_path / "log", (1, b"one\ntw"), (2, b"e1"), (1, b"o\n"), (2, b"e2\n"), (1, b"end"))
    with (tmp_path / "log").open("rb") as file:
        assert [(each.stream, each.data) for each in last_lines(file, count)] == expected


def test_a_frame_that_is_being_written_waits(tmp_path: Path) -> None:
    path = tmp_path / "log"
    write(path, (1, b"whole\n"), (1, b"half of it\n"))
    os.truncate(path, path.stat().st_size - 3)
    with path.open("rb") as file:
        assert [each.data for each in pieces(file)] == [b"whole\n"]
        with path.open("ab") as more:
            more.write(b"it\n")
        assert [each.data for each in pieces(file)] == [b"half of it\n"]
