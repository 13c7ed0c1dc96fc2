"""Errors of `u2k convert` on the way to an image: registries, manifests, platforms. Status 4, or 3."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from tests.builders import elves, oci
from tests.e2e.refusal import Refuser
from tests.unit.image.registry_server import Reply, Server, serving

PROGRAM = oci.file("x", elves.elf(kind=elves.EXEC, dynamic=False), mode=0o755)
LAYER = oci.layer(PROGRAM, oci.file("data", Random(1).randbytes(50_000)))
BLOBS, MANIFEST = oci.image([LAYER], run={"Cmd": ["/x"]})
STORED = oci.compressed(LAYER, "gzip")
BLOB = f"/v2/app/blobs/{oci.digest(STORED)}"
TOP = "/v2/app/manifests/latest"


@pytest.fixture
def refused(tmp_path: Path) -> Refuser:
    return Refuser(tmp_path)


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as found:
        found.serves("app", BLOBS, MANIFEST)
        yield found


def test_unknown_host(refused: Refuser) -> None:
    refused("nosuch.invalid/app:1", 4, "nosuch.invalid/app:1", "unknown host nosuch.invalid")


def test_refused_connection(refused: Refuser) -> None:
    refused("127.0.0.1:1/app", 4, "127.0.0.1:1/app:latest", "connection refused by 127.0.0.1:1")


def test_no_such_tag(refused: Refuser, server: Server) -> None:
    refused(f"{server.host}/app:nope", 4, f"{server.host}/app:nope", "not found")


def test_wrong_digest(refused: Refuser, server: Server) -> None:
    server.says(BLOB, Reply(STORED[:5000] + bytes([STORED[5000] ^ 1]) + STORED[5001:]))
    refused(f"{server.host}/app", 4, "wrong digest", oci.digest(STORED))


def test_truncated_blob(refused: Refuser, server: Server) -> None:
    server.says(BLOB, Reply(STORED[:1000]))
    refused(f"{server.host}/app", 4, "truncated", oci.digest(STORED)[:19])


def test_truncated_archive(refused: Refuser, tmp_path: Path) -> None:
    whole = oci.write_tar(tmp_path / "a.tar", oci.simple_layout([LAYER], run={"Cmd": ["/x"]})).read_bytes()
    cut = tmp_path / "cut.tar"
    cut.write_bytes(whole[: len(whole) // 2])
    refused(cut, 4, "cut.tar")


def test_schema_1_manifest(refused: Refuser, server: Server) -> None:
    server.says(TOP, Reply(b'{"schemaVersion": 1, "name": "app", "fsLayers": []}'))
    refused(f"{server.host}/app", 3, f"{server.host}/app:latest", "schema 1")


def test_no_matching_platform_lists_what_there_is(refused: Refuser, server: Server) -> None:
    entries = [
        oci.descriptor(MANIFEST, oci.MANIFEST, platform=oci.platform_of(name))
        for name in ("linux/arm64/v8", "linux/s390x")
    ]
    server.serves("app", BLOBS, oci.index(*entries))
    refused(f"{server.host}/app", 3, "linux/amd64", "linux/arm64", "linux/s390x")


def test_no_matching_platform_in_a_single_image(refused: Refuser, server: Server) -> None:
    refused(f"{server.host}/app", 3, "linux/arm64", "linux/amd64", options=["--platform", "linux/arm64"])


@pytest.mark.parametrize("listed", [False, True])
def test_windows_image(refused: Refuser, server: Server, listed: bool) -> None:
    blobs, manifest = oci.image([LAYER], platform="windows/amd64")
    entry = oci.descriptor(manifest, oci.MANIFEST, platform=oci.platform_of("windows/amd64"))
    server.serves("app", blobs, oci.index(entry) if listed else manifest)
    assert "windows image" in refused(f"{server.host}/app", 3, server.host).stderr.lower()


@pytest.mark.parametrize("name", ["", "app/UPPER:1", "a b", "x@sha256:123", "https://example.com/x"])
def test_names_that_are_no_reference(refused: Refuser, name: str) -> None:
    refused(name, 2)


def test_a_platform_that_is_none(refused: Refuser) -> None:
    refused("app", 2, "no platform", options=["--platform", "a/b/c/d"])
