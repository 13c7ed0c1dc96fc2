"""`u2k inspect`: the document, its text, and images that cannot run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from converter.cli.main import app
from converter.errors import IncompatibleImageError
from converter.report.inspection import Inspection, inspect_image
from converter.report.inspection_text import lines
from converter.report.text import printable
from tests.builders import elves, oci

LIBC = oci.file("lib/libc.so", elves.elf(soname=b"libc.so"), mode=0o755)
LOWER = oci.layer(
    oci.file("lib/ld.so", elves.elf(), mode=0o755),
    LIBC,
    oci.file("bin/sh", elves.elf(interpreter=b"/lib/ld.so", needed=[b"libc.so"]), mode=0o755),
    oci.file("etc/passwd", b"root:x:0:0::/root:/bin/sh\nweb:x:33:34::/srv:/bin/sh\n"),
    oci.file("tmp/big", b"x" * 5000),
    oci.file("tmp/other", b"y" * 7),
)
UPPER = oci.layer(
    oci.file("start", b"#!/bin/sh -e\n", mode=0o755), oci.whiteout("tmp/big"), oci.hardlink("again", "start")
)
RUN: dict[str, Any] = {
    "Entrypoint": ["start"],
    "Cmd": ["a b"],
    "Env": ["PATH=/:/bin", "LANG=C"],
    "User": "web",
    "WorkingDir": "/srv",
    "ExposedPorts": {"80/tcp": {}},
    "Volumes": {"/data": {}},
    "StopSignal": "SIGQUIT",
    "Healthcheck": {"Test": ["CMD", "check"], "Interval": 1_500_000_000, "Retries": 3},
    "Labels": {"by": "us"},
}


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("U2K_CACHE_DIR", str(tmp_path / "cache"))


def archive(folder: Path, *layers: bytes, **options: Any) -> str:
    return str(oci.write_tar(folder / "image.tar", oci.simple_layout(layers, **options)))


@pytest.fixture
def found(tmp_path: Path) -> Inspection:
    return inspect_image(archive(tmp_path, LOWER, UPPER, run=RUN, created="2026-01-02T03:04:05Z"))


def test_layers_and_what_they_deleted(found: Inspection) -> None:
    assert found.platform == "linux/amd64"
    assert found.created == "2026-01-02T03:04:05Z"
    assert [layer.created_by for layer in found.layers] == ["step 0", "step 1"]
    assert [layer.diff_id for layer in found.layers] == [oci.digest(LOWER), oci.digest(UPPER)]
    assert [layer.size for layer in found.layers] == [
        len(oci.compressed(layer, "gzip")) for layer in (LOWER, UPPER)
    ]
    assert found.layers[1].contents == len(b"#!/bin/sh -e\n"), "a hard link is no second file"
    assert [layer.deleted for layer in found.layers] == [0, 1]
    assert [(each.layer, each.path, each.size) for each in found.deleted] == [(2, "/tmp/big", 5000)]


def test_the_program_and_its_libraries(found: Inspection) -> None:
    program, libraries = found.program, found.libraries
    assert found.problem is None
    assert program is not None
    assert (program.path, program.loaded, program.argv) == ("/start", "/bin/sh", ("start", "a b"))
    assert [(each.path, each.interpreter, each.argument) for each in program.scripts] == [
        ("/start", "/bin/sh", "-e")
    ]
    assert (program.user, program.uid, program.gid, program.cwd) == ("web", 33, 34, "/srv")
    assert (program.stop_signal, program.made_folders) == (3, ("/data", "/srv"))
    assert libraries is not None
    assert libraries.interpreter is not None
    assert libraries.interpreter.path == "/lib/ld.so"
    assert [(each.path, each.wanted_by) for each in libraries.libraries] == [("/lib/libc.so", "/bin/sh")]


def test_the_configuration_in_its_own_words(found: Inspection) -> None:
    config = found.configuration
    assert (config.entrypoint, config.cmd, config.env) == (("start",), ("a b",), ("PATH=/:/bin", "LANG=C"))
    assert (config.user, config.workdir, config.stop_signal) == ("web", "/srv", "SIGQUIT")
    assert (config.ports, config.volumes, config.labels) == (("80/tcp",), ("/data",), {"by": "us"})
    assert config.healthcheck is not None
    assert (config.healthcheck.test, config.healthcheck.interval) == (("CMD", "check"), 1.5)


def test_the_text_says_it_all(found: Inspection) -> None:
    text = "\n".join(lines(found))
    for said in (
        "linux/amd64",
        "step 1",
        "LANG=C",
        "start 'a b'",
        "/start is read by /bin/sh -e",
        "web 33:34",
    ):
        assert said in text
    for said in ("/lib/ld.so", "/lib/libc.so, wanted by /bin/sh", "/tmp/big", "4.9 KiB", "80/tcp", "by=us"):
        assert said in text


def test_what_is_cut_says_so(tmp_path: Path) -> None:
    names = [f"d/{number:03}" for number in range(50)]
    lower = oci.layer(*(oci.file(name, b"12345678") for name in names))
    upper = oci.layer(*(oci.whiteout(name) for name in names))
    step = "RUN " + "x" * 300
    ref = archive(
        tmp_path, lower, upper, run=RUN, history=[{"created_by": step}, {"created_by": "\x1b[2Jrm"}]
    )
    found = inspect_image(ref)
    short, whole = "\n".join(lines(found)), "\n".join(lines(found, everything=True))
    assert "and 30 more, 240 B; -v shows them" in short
    assert step not in short
    assert "/d/049" in whole
    assert step in whole
    assert "\x1b" not in short + whole


@pytest.mark.parametrize(
    ("run", "says"),
    [
        ({"Cmd": ["/none"]}, "/none is not in the image"),
        ({}, "neither ENTRYPOINT nor CMD"),
        ({**RUN, "User": "nobody"}, "nobody"),
    ],
)
def test_without_a_program_the_rest_is_shown(tmp_path: Path, run: dict[str, Any], says: str) -> None:
    ref = archive(tmp_path, LOWER, UPPER, run=run)
    found = inspect_image(ref)
    assert (found.program, found.libraries) == (None, None)
    assert found.problem is not None
    assert says in found.problem.what
    assert found.problem.next_step
    assert len(found.deleted) == 1
    shown = CliRunner().invoke(app, ["inspect", "--json", ref])
    assert isinstance(shown.exception, IncompatibleImageError)
    assert json.loads(shown.stdout)["problem"]["what"] == found.problem.what
    assert says in CliRunner().invoke(app, ["inspect", ref]).stdout


def test_without_a_library_the_program_is_shown(tmp_path: Path) -> None:
    upper = oci.layer(oci.whiteout("lib/libc.so"))
    found = inspect_image(archive(tmp_path, LOWER, upper, run={"Cmd": ["/bin/sh"]}))
    assert found.program is not None
    assert found.libraries is None
    assert found.problem is not None
    assert "libc.so" in found.problem.what
    assert "libraries: not shown" in "\n".join(lines(found))


def test_a_static_program_says_so(tmp_path: Path) -> None:
    layer = oci.layer(oci.file("x", elves.elf(kind=elves.EXEC, dynamic=False), mode=0o755))
    found = inspect_image(archive(tmp_path, layer, run={"Cmd": ["/x"]}))
    assert found.libraries is not None
    assert found.libraries.interpreter is None
    assert "linked statically" in "\n".join(lines(found))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain, größer, 日本", "plain, größer, 日本"),
        ("\x1b[31m\r\n\x00", "\\x1b[31m\\r\\n\\x00"),
        ("\u202e\ud800", "\\u202e\\ud800"),
    ],
)
def test_control_characters_become_visible(text: str, shown: str) -> None:
    assert printable(text) == shown
