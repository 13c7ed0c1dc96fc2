"""The report that ends a conversion: counts, what was left out and why, for people and machines."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from converter.cli.main import app
from converter.errors import UsageError
from converter.link.architecture import X86_64
from converter.link.catalogue import syscall_numbers
from converter.report.container_calls import _DENIED, reachable_in_container
from tests.builders import elves, oci

STATUS = b"Package: app\nStatus: install ok installed\nVersion: 1-2\nArchitecture: amd64\n\n"
LAYER = oci.layer(
    oci.file("bin/app", elves.elf(kind=elves.EXEC), mode=0o755),
    oci.file("bin/sh", elves.elf(kind=elves.EXEC), mode=0o755),
    oci.file("bin/su", elves.elf(kind=elves.EXEC), mode=0o4755),
    oci.file("etc/app.conf", b"x" * 100),
    oci.file("usr/share/doc/app/copyright", b"y" * 3000),
    oci.file("var/lib/dpkg/status", STATUS),
    oci.file("var/lib/dpkg/info/app.list", b"/bin/app\n/etc/app.conf\n/usr/share/doc/app/copyright\n"),
)
RUN: dict[str, Any] = {"Cmd": ["/bin/app", "a b\x1b[2J"]}


@pytest.fixture(autouse=True)
def quiet_again() -> Iterator[None]:
    """-v gives the logger a handler, whose stream ends with the test."""
    yield
    logging.getLogger("u2k").handlers.clear()


@pytest.fixture
def archive(tmp_path: Path) -> str:
    return str(oci.write_tar(tmp_path / "image.tar", oci.simple_layout([LAYER], run=RUN)))


def convert(archive: str, *words: str | Path) -> Result:
    out = Path(archive).with_suffix(".u2k")
    done = CliRunner().invoke(app, ["convert", "-f", "-o", str(out), archive, *map(str, words)])
    assert done.exit_code == 0, (done.output, done.exception)
    return done


def test_the_columns_of_the_document(archive: str) -> None:
    document = json.loads(convert(archive, "--json", "--files", "slim").output)
    before, after = document["container"], document["unikernel"]
    counts = ("files", "binaries", "packages", "shells", "setuid")
    assert [before["contents"][name] for name in counts] == [7, 3, 1, 1, 1]
    assert [after["contents"][name] for name in counts] == [2, 1, 1, 0, 0]
    assert after["stored"] == Path(archive).with_suffix(".u2k").stat().st_size
    assert after["kernel"] == document["manifest"]["kernel_bytes"]
    assert after["syscalls"] == len(document["linked"]) == len(document["manifest"]["syscalls"])
    assert before["kernel"] is None
    assert ["/usr/share/doc", "documentation", 3000] in document["dropped_paths"]
    assert {"reason": "documentation", "paths": 3, "size": 3000} in document["dropped"]


def test_the_same_for_people(archive: str) -> None:
    text = convert(archive, "--files", "slim").output
    assert "setuid programs" in text
    assert "\x1b" not in text
    assert len(text.splitlines()) <= 40, "a screen"
    assert "/usr/share/doc: documentation" not in text
    assert "/usr/share/doc: documentation" in convert(archive, "-v", "--files", "slim").output


def test_all_files_leave_nothing_out(archive: str) -> None:
    document = json.loads(convert(archive, "--json", "--files", "all").output)
    assert document["dropped"] == []
    assert document["unikernel"]["contents"] == document["container"]["contents"]


def test_a_glob_that_matches_nothing_is_told(archive: str) -> None:
    kept = json.loads(
        convert(archive, "--json", "--files", "slim", "--keep", "/none/**", "--keep", "/bin/su").output
    )
    assert kept["notes"] == ["--keep /none/** matches nothing in the image"]
    assert kept["unikernel"]["contents"]["setuid"] == 1


def test_by_products(archive: str, tmp_path: Path) -> None:
    seccomp, profile, sbom = (tmp_path / name for name in ("s.json", "p.json", "x.spdx.json"))
    convert(archive, "--seccomp", seccomp, "--save-profile", profile, "--sbom", sbom)
    assert json.loads(sbom.read_text())["spdxVersion"] == "SPDX-2.3"
    convert(archive, "--sbom", tmp_path / "bom.json")
    assert json.loads((tmp_path / "bom.json").read_text())["bomFormat"] == "CycloneDX"
    assert json.loads(seccomp.read_text())["defaultAction"] == "SCMP_ACT_ERRNO"
    assert json.loads(profile.read_text())["subject"]["path"] == "/bin/app"
    refused = CliRunner().invoke(
        app, ["convert", archive, "-o", str(tmp_path / "x"), "--seccomp", str(seccomp)]
    )
    assert "not overwritten" in str(refused.exception)
    assert not (tmp_path / "x").exists()


def test_what_a_container_reaches() -> None:
    known = syscall_numbers(X86_64)
    assert not _DENIED - known.keys(), "names of the table"
    assert reachable_in_container(known) == len(known) - len(_DENIED)
    assert reachable_in_container(["read", "clone3", "io_uring_setup", "mount"]) == 1


def refused(archive: str, *words: str | Path) -> UsageError:
    error = CliRunner().invoke(app, ["convert", archive, *map(str, words)]).exception
    assert isinstance(error, UsageError), error
    return error


def test_strict_needs_something_seen(archive: str, tmp_path: Path) -> None:
    """It made a unikernel without any system call, that could not even end."""
    error = refused(archive, "--strict", "-o", tmp_path / "x")
    assert "nothing was seen" in error.what and "--trace" in str(error.hint)
    assert not (tmp_path / "x").exists()
    document = json.loads(convert(archive, "--json", "--strict", "--add-syscall", "exit_group").output)
    assert document["linked"] == ["exit_group"]


def test_what_options_leave_out_is_told(archive: str, tmp_path: Path) -> None:
    profile = tmp_path / "p.json"
    convert(archive, "--save-profile", profile)
    told = json.loads(profile.read_text())
    told["syscalls"] = {
        "read": [{"kind": "static", "source": "x"}],
        "write": [{"kind": "dynamic", "source": "x"}],
        "exit_group": [{"kind": "dynamic", "source": "x"}],
    }
    profile.write_text(json.dumps(told))
    options = ("--profile", profile, "--strict", "--drop", "write", "--drop", "fsync")
    more = ("--add-syscall", "quotactl", "--files", "strict")
    document = json.loads(convert(archive, "--json", *options, *more).output)
    assert document["unlinked"] == {"read": "--strict", "write": "--drop"}
    assert document["notes"] == [
        "--add-syscall quotactl adds nothing: the library OS does not have it (docs/reference/syscalls.md)",
        "--drop fsync leaves nothing out: it was not wanted",
        "no run was seen: --files strict kept the program and its libraries, and nothing that it reads",
    ]
    text = convert(archive, *options).output
    assert "unlinked    --drop leaves out, of what it may use:\n            write\n" in text
    assert "unlinked    --strict leaves out, of what it may use:\n            read\n" in text


def test_names_are_checked_before_the_image_is_looked_for(tmp_path: Path) -> None:
    none = str(tmp_path / "none.tar")
    assert "no system call 'raed'" in refused(none, "--add-syscall", "raed").what
    assert "begin with a slash" in refused(none, "--keep", "x").what


def test_results_are_apart(archive: str, tmp_path: Path) -> None:
    both = tmp_path / "x"
    assert "two results" in refused(archive, "-f", "-o", both, "--seccomp", both).what
    assert "what is read" in refused(archive, "-f", "-o", archive).what
    assert "--sbom" in str(refused(archive, "-o", both, "--sbom", tmp_path).hint)
