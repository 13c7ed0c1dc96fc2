"""`u2k inspect` and `u2k doctor` as a user runs them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

from tests.builders import oci
from tests.e2e.refusal import U2K, ended


def test_inspect_a_real_image(image: Callable[[str], Path], tmp_path: Path) -> None:
    archive = str(image("hello-static"))
    text = ended([*U2K, "inspect", archive], tmp_path)
    assert (text.status, text.stderr) == (0, "")
    document = json.loads(ended([*U2K, "inspect", "--json", archive], tmp_path).stdout)
    assert document["problem"] is None
    assert document["program"]["path"] in text.stdout
    assert document["digest"] in text.stdout


def test_inspect_shows_the_rest_and_fails(tmp_path: Path) -> None:
    layer = oci.layer(oci.file("etc/motd", b"hello"))
    archive = oci.write_tar(tmp_path / "a.tar", oci.simple_layout([layer], run={"Cmd": ["/gone"]}))
    found = ended([*U2K, "inspect", str(archive)], tmp_path)
    assert found.status == 3
    assert "step 0" in found.stdout
    assert "/gone is not in the image" in found.stdout
    assert found.stderr.startswith("u2k: error: /gone: /gone is not in the image\n  next: ")


def test_inspect_what_cannot_be_had(tmp_path: Path) -> None:
    found = ended([*U2K, "inspect", "127.0.0.1:1/x"], tmp_path)
    assert (found.status, found.stdout) == (4, "")


def test_doctor_finds_what_is_here(tmp_path: Path) -> None:
    found = ended([*U2K, "doctor", "--json"], tmp_path)
    document = json.loads(found.stdout)
    checks = {check["name"]: check for check in document["checks"]}
    assert found.status == (0 if document["ways"] else 1)
    assert checks["toolchain"]["verdict"] == checks["cache"]["verdict"] == "ok"
    assert (checks["qemu (amd64)"]["verdict"] == "ok") == (shutil.which("qemu-system-x86_64") is not None)
    assert all(check["next_step"] for check in checks.values() if check["verdict"] != "ok")
    assert str(tmp_path) in checks["cache"]["found"]
