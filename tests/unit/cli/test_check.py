"""`u2k check`: whether an image can be converted, with the status, the words and the findings of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from converter.cli.main import app
from converter.errors import SourceError, UsageError
from converter.report.sarif import place_in_file
from tests.builders import elves, oci
from tests.unit.batch.test_reports import check_sarif

LAYER = oci.layer(
    oci.file("bin/app", elves.elf(kind=elves.EXEC), mode=0o755),
    oci.file("bin/lost", elves.elf(interpreter=b"/ld.so", needed=[b"libnone.so"]), mode=0o755),
    oci.file("ld.so", elves.elf(), mode=0o755),
)


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("U2K_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def archive(tmp_path: Path) -> str:
    run: dict[str, Any] = {"Cmd": ["/bin/app", "a\x1b[2J"]}
    return str(oci.write_tar(tmp_path / "image.tar", oci.simple_layout([LAYER], run=run)))


def check(*words: str | Path) -> Result:
    return CliRunner().invoke(app, ["check", *map(str, words)])


def test_what_can_be_converted(archive: str, own_cache: Path) -> None:
    done = check(archive)
    assert done.exit_code == 0, done.output
    assert f"{archive}: can be converted" in done.output and "\x1b" not in done.output
    told = json.loads(check("--json", archive).output)
    assert told["convertible"] is True and told["obstacles"] == []
    assert told["program"] == ["/bin/app", "a\x1b[2J"]
    assert not (own_cache / "libos").exists(), "nothing is built"


def test_what_cannot(archive: str, tmp_path: Path) -> None:
    sarif = tmp_path / "x.sarif"
    done = check(archive, "--entrypoint", "/bin/lost", "--sarif", sarif, "--at", "images/app.txt:7")
    assert done.exit_code == 3
    assert "cannot become a unikernel" in done.output and "libnone.so" in done.output
    (finding,) = check_sarif(sarif.read_text())["runs"][0]["results"]
    assert (finding["ruleId"], finding["level"]) == ("incompatible", "error")
    place = finding["locations"][0]["physicalLocation"]
    assert place == {"artifactLocation": {"uri": "images/app.txt"}, "region": {"startLine": 7}}
    told = json.loads(check(archive, "--entrypoint", "/bin/none", "--json").output)
    assert told["convertible"] is False and told["obstacles"][0]["what"]


def test_what_a_conversion_refuses_is_told_with_its_evidence(tmp_path: Path) -> None:
    """A script that starts a process in the background, as `u2k convert` refuses it, and lets it pass."""
    layer = oci.layer(
        oci.file("bin/sh", elves.elf(kind=elves.EXEC), mode=0o755),
        oci.file("bin/app", elves.elf(kind=elves.EXEC), mode=0o755),
        oci.file("start", b"#!/bin/sh\n/bin/app &\nexec /bin/app\n", mode=0o755),
    )
    path = oci.write_tar(tmp_path / "i.tar", oci.simple_layout([layer], run={"Entrypoint": ["/start"]}))
    refused = check(path, "--json")
    converted = CliRunner().invoke(app, ["convert", str(path), "-o", str(tmp_path / "x.u2k")])
    assert (refused.exit_code, getattr(converted.exception, "exit_code", 0)) == (3, 3), refused.output
    told = json.loads(refused.output)
    assert [each["need"] for each in told["obstacles"]] == list(converted.exception.needs)  # type: ignore[union-attr]
    assert all(each["evidence"] for each in told["obstacles"])
    sarif = tmp_path / "x.sarif"
    allowed = check(path, "--allow-unsupported", "--sarif", sarif)
    assert allowed.exit_code == 0 and "let pass" in allowed.output
    levels = {each["level"] for each in check_sarif(sarif.read_text())["runs"][0]["results"]}
    assert "warning" in levels and "error" not in levels


def test_what_cannot_be_looked_at_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "x.tar").write_bytes(b"x" * 2000)
    assert isinstance(check(tmp_path / "x.tar").exception, SourceError)
    assert isinstance(check(tmp_path / "none.tar").exception, UsageError)


def test_places() -> None:
    assert place_in_file("", "--at") == ("", 0)
    assert place_in_file("Dockerfile", "--at") == ("Dockerfile", 1)
    assert place_in_file("a/b.yaml:12", "--at") == ("a/b.yaml", 12)
    for text in ("/etc/passwd:1", "../x", ":3", "a:0"):
        with pytest.raises(UsageError, match="no place"):
            place_in_file(text, "--at")
