"""Artifacts that lie: no file is left, and the error says what is wrong."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from converter.artifact import media
from converter.artifact.pieces import pieces_of
from converter.artifact.pull import pull
from converter.errors import IncompatibleImageError, SourceError, U2kError, UsageError
from converter.image.platform import Platform
from converter.image.progress import Silent
from converter.image.reference import LocalReference
from converter.image.stored import described, digest_of
from tests.builders import oci

AMD64 = Platform()


class Artifact:
    """One in an OCI layout; what a test changes is written as it then is."""

    def __init__(self, unikernel: Path) -> None:
        data = unikernel.read_bytes()
        self.pieces = [data[each.offset : each.offset + each.size] for each in pieces_of(unikernel)]
        digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
        self.config: dict[str, Any] = {"file": {"digest": digest, "size": len(data)}}
        self.title = "app.u2k"
        self.kind = media.CONFIG
        self.sizes: dict[int, int] = {}

    def write(self, folder: Path) -> LocalReference:
        config = json.dumps(self.config).encode()
        layers = [described(media.PIECE, each) for each in self.pieces]
        for number, size in self.sizes.items():
            layers[number]["size"] = size
        made = media.manifest_of(
            media.UNIKERNEL, described(self.kind, config), layers, {media.TITLE: self.title}
        )
        blobs = {digest_of(data): data for data in (config, made.data, *self.pieces)}
        platform = {"os": "linux", "architecture": "amd64"}
        index = media.index_of([made.descriptor(platform=platform)], media.UNIKERNEL)
        blobs[index.digest] = index.data
        top = oci.index(index.descriptor())
        return LocalReference(oci.write_folder(folder, oci.layout(blobs, top)))


@pytest.fixture
def artifact(in_memory: Path) -> Artifact:
    return Artifact(in_memory)


def test_the_same_file(
    artifact: Artifact, in_memory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    pulled = pull(artifact.write(tmp_path / "layout"), None, AMD64, Silent())
    assert pulled.file == Path("app.u2k") and pulled.file.read_bytes() == in_memory.read_bytes()
    with pytest.raises(UsageError, match="not overwritten"):
        pull(LocalReference(tmp_path / "layout"), None, AMD64, Silent())


def swap(artifact: Artifact) -> None:
    artifact.pieces[0], artifact.pieces[1] = artifact.pieces[1], artifact.pieces[0]


def cut(artifact: Artifact) -> None:
    del artifact.pieces[-1]


def lie_about_a_size(artifact: Artifact) -> None:
    artifact.sizes = {0: 1, 1: len(artifact.pieces[0]) + len(artifact.pieces[1]) - 1}


def lie_about_all(artifact: Artifact) -> None:
    artifact.config["file"]["size"] = 1 << 60


def no_size(artifact: Artifact) -> None:
    artifact.config = {}


def not_a_number(artifact: Artifact) -> None:
    artifact.config["file"]["size"] = "12"


def no_digest(artifact: Artifact) -> None:
    artifact.config["file"]["digest"] = "../../etc/passwd"


@pytest.mark.parametrize(
    "change", [swap, cut, lie_about_a_size, lie_about_all, no_size, not_a_number, no_digest]
)
def test_lies(artifact: Artifact, tmp_path: Path, change: Callable[[Artifact], None]) -> None:
    change(artifact)
    reference = artifact.write(tmp_path / "layout")
    with pytest.raises(SourceError):
        pull(reference, tmp_path / "out.u2k", AMD64, Silent())
    assert [path.name for path in tmp_path.iterdir()] == ["layout"]


def test_what_is_no_unikernel_though_it_says_so(tmp_path: Path, artifact: Artifact) -> None:
    artifact.pieces = [b"#!/bin/sh\nrm -rf /\n"]
    data = b"".join(artifact.pieces)
    digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
    artifact.config = {"file": {"digest": digest, "size": len(data)}}
    with pytest.raises(U2kError, match="not a unikernel"):
        pull(artifact.write(tmp_path / "layout"), tmp_path / "out.u2k", AMD64, Silent())
    assert not (tmp_path / "out.u2k").exists()


@pytest.mark.parametrize("title", ["../evil", "/etc/cron.d/x", ".bashrc", "-rf", "a\nb", "", "x" * 300])
def test_titles_that_are_no_file_names(
    artifact: Artifact, tmp_path: Path, title: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    artifact.title = title
    pulled = pull(artifact.write(tmp_path / "layout"), None, AMD64, Silent())
    assert pulled.file == Path("layout.u2k")
    assert [path.name for path in (tmp_path / "here").iterdir()] == ["layout.u2k"]


def test_another_platform_or_kind(artifact: Artifact, tmp_path: Path) -> None:
    reference = artifact.write(tmp_path / "layout")
    with pytest.raises(IncompatibleImageError, match="there is: linux/amd64"):
        pull(reference, tmp_path / "x", Platform.parse("linux/arm64"), Silent())
    artifact.kind = "application/vnd.oci.image.config.v1+json"
    with pytest.raises(IncompatibleImageError, match="this is no unikernel"):
        pull(artifact.write(tmp_path / "image"), tmp_path / "x", AMD64, Silent())
