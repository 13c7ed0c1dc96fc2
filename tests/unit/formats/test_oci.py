"""The container image, by urunc's rules as its sources and documentation have them, and by engines' own.

Rules: urunc docs/package/index.md ("Annotations"); pkg/unikontainers/config.go and annotations.go
(UnikernelConfig.validate, validateValues, decode); pkg/unikontainers/unikernels/linux.go (Init).
"""

from __future__ import annotations

import base64
import io
import json
import re
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest

from converter.formats.export import export

PREFIX = "com.urunc.unikernel."
MANDATORY = {"unikernelType", "hypervisor", "binary"}
OPTIONAL = {"unikernelVersion", "initrd", "block", "blkMntPoint", "mountRootfs"}
PAIRS = {("qemu", "linux"), ("firecracker", "linux"), ("cloud-hypervisor", "linux")}
PATH = re.compile(r"[A-Za-z0-9._/-]+")
MAX = 4096


class Packed:
    """An archive, taken apart."""

    def __init__(self, path: Path) -> None:
        with tarfile.open(path) as archive:
            self.files = {each.name: archive.extractfile(each).read() for each in archive if each.isfile()}  # type: ignore[union-attr]
        index = json.loads(self.files["index.json"])
        self.manifest = self._blob(index["manifests"][0])
        self.config = self._blob(self.manifest["config"])
        (self.layer,) = self.manifest["layers"]

    def _blob(self, descriptor: dict[str, Any]) -> dict[str, Any]:
        return json.loads(self.files["blobs/" + descriptor["digest"].replace(":", "/")])

    def root(self) -> dict[str, bytes]:
        data = self.files["blobs/" + self.layer["digest"].replace(":", "/")]
        with tarfile.open(fileobj=io.BytesIO(data)) as layer:
            return {each.name: layer.extractfile(each).read() for each in layer if each.isfile()}  # type: ignore[union-attr]


@pytest.fixture(scope="module", params=["in_memory", "on_disk"])
def packed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Packed:
    unikernel = request.getfixturevalue(request.param)
    return Packed(export(unikernel, "oci", tmp_path_factory.mktemp("oci") / "hello.oci.tar"))


def rules(told: dict[str, str]) -> list[str]:
    """What urunc would refuse."""
    values = {name.removeprefix(PREFIX): value for name, value in told.items() if name.startswith(PREFIX)}
    wrong = [f"missing {name}" for name in MANDATORY if not values.get(name)]
    wrong += [f"unknown {name}" for name in values if name not in MANDATORY | OPTIONAL]
    if (values.get("hypervisor"), values.get("unikernelType")) not in PAIRS:
        wrong.append("unsupported pair")
    for name in ("binary", "initrd", "block", "blkMntPoint"):
        value = values.get(name, "")
        if value and (not PATH.fullmatch(value) or len(value) > MAX or value.startswith(("..", "-"))):
            wrong.append(f"{name}={value}")
        if value == "/" and name != "blkMntPoint":
            wrong.append(f"{name} is the root")
    if values.get("mountRootfs", "") not in ("", "true", "false"):
        wrong.append("mountRootfs")
    return wrong


def test_annotations_are_what_urunc_takes(packed: Packed) -> None:
    assert rules(packed.manifest["annotations"]) == []
    assert packed.config["config"]["Labels"].items() <= packed.manifest["annotations"].items()


def test_the_file_says_the_same_in_base64(packed: Packed) -> None:
    told = json.loads(packed.root()["urunc.json"])
    decoded = {name: base64.b64decode(value, validate=True).decode() for name, value in told.items()}
    assert rules(decoded) == []
    ours = {name: value for name, value in packed.manifest["annotations"].items() if name.startswith(PREFIX)}
    assert decoded == ours


def test_the_rules_would_find_something() -> None:
    assert rules({}) != []
    good = {PREFIX + "unikernelType": "linux", PREFIX + "hypervisor": "qemu", PREFIX + "binary": "/a"}
    assert rules(good) == []
    assert rules({**good, PREFIX + "binary": "/a b"}) != []
    assert rules({**good, PREFIX + "hypervisor": "hvt"}) != []
    assert rules({**good, PREFIX + "cmdline": "x"}) != []


def test_paths_lead_to_files(packed: Packed) -> None:
    root = packed.root()
    for name in ("binary", "block"):
        if path := packed.manifest["annotations"].get(PREFIX + name):
            assert root[path.removeprefix("/")][:4] == b"\x7fELF"


def test_arguments_survive_urunc(packed: Packed) -> None:
    """`No init was specified` is its error for an empty argument vector; the first word becomes init=."""
    run = packed.config["config"]
    assert [*run["Entrypoint"], *run["Cmd"]] == ["/hello", "-g", "two words"]
    assert run["Env"] == [each for each in run["Env"] if not re.search(r"[\s'\"]", each)]
    assert "PLAIN=value" in run["Env"]


def test_it_names_its_source(packed: Packed, in_memory: Path) -> None:
    from converter.link.manifest import read_manifest

    found = packed.manifest["annotations"]["org.opencontainers.image.base.digest"]
    assert found == read_manifest(in_memory).source_digest


def test_skopeo_takes_it(in_memory: Path, tmp_path: Path) -> None:
    if shutil.which("skopeo") is None:
        pytest.skip("no skopeo")
    archive = export(in_memory, "oci", tmp_path / "a.oci.tar")
    copy = ["skopeo", "copy", "-q", f"oci-archive:{archive}", f"dir:{tmp_path / 'copy'}"]
    subprocess.run(copy, check=True, capture_output=True)
    docker = ["skopeo", "copy", "-q", f"docker-archive:{archive}", f"dir:{tmp_path / 'docker'}"]
    subprocess.run(docker, check=True, capture_output=True)
