"""A real registry (Debian's docker-registry) with images pushed by skopeo, as a user would have it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from converter.errors import IncompatibleImageError, SourceError
from converter.image import BlobCache, Platform, file_tree, open_image
from tests.builders import oci
from tests.builders.docker_registry import DockerRegistry, NoRegistryError, docker_registry


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DockerRegistry]:
    try:
        with docker_registry(tmp_path_factory.mktemp("registry")) as started:
            yield started
    except NoRegistryError as reason:
        pytest.skip(str(reason))


LAYER = oci.layer(oci.directory("bin"), oci.file("bin/app", b"\x7fELF" * 1000, mode=0o755))
UPPER = oci.layer(oci.whiteout("bin/app"), oci.file("bin/other"))


@pytest.mark.parametrize(("form", "compression"), [("oci", "gzip"), ("oci", "zstd"), ("v2s2", "gzip")])
def test_push_and_read_back(registry: DockerRegistry, tmp_path: Path, form: str, compression: str) -> None:
    archive = oci.write_tar(tmp_path / "a.tar", oci.simple_layout([LAYER, UPPER], compression=compression))
    registry.push(archive, f"some/app:{form}-{compression}", f"--format={form}")
    cache = BlobCache(tmp_path / "cache")
    image = open_image(f"{registry.host}/some/app:{form}-{compression}", cache=cache)
    tree = file_tree(image, cache)
    assert list(tree) == [b"/", b"/bin", b"/bin/other"]
    assert [item.path for item in tree.deletions] == [b"/bin/app"]
    by_digest = open_image(f"{registry.host}/some/app@{image.digest}", cache=BlobCache(tmp_path / "two"))
    assert by_digest.config == image.config


def test_a_multi_platform_image(registry: DockerRegistry, tmp_path: Path) -> None:
    blobs: dict[str, bytes] = {}
    listed = []
    for platform in ("linux/arm64/v8", "linux/amd64", "linux/s390x"):
        found, manifest = oci.image([oci.layer(oci.file(platform.replace("/", "-")))], platform=platform)
        blobs |= found
        listed.append(oci.descriptor(manifest, oci.MANIFEST, platform=oci.platform_of(platform)))
    inner = oci.index(*listed)
    top = oci.index(oci.descriptor(inner, oci.INDEX))
    archive = oci.write_tar(tmp_path / "a.tar", oci.layout({**blobs, oci.digest(inner): inner}, top))
    registry.push(archive, "multi:1")
    cache = BlobCache(tmp_path / "cache")
    for wanted, name in (("linux/amd64", b"/linux-amd64"), ("arm64", b"/linux-arm64-v8")):
        image = open_image(f"{registry.host}/multi:1", cache=cache, platform=Platform.parse(wanted))
        assert name in file_tree(image, cache)
    with pytest.raises(IncompatibleImageError, match="linux/amd64, linux/arm64/v8, linux/s390x"):
        open_image(f"{registry.host}/multi:1", cache=cache, platform=Platform.parse("linux/riscv64"))


def test_what_is_not_there(registry: DockerRegistry, tmp_path: Path) -> None:
    for name in ("some/app:nope", "nobody/nothing", f"some/app@sha256:{'0' * 64}"):
        with pytest.raises(SourceError, match="not found"):
            open_image(f"{registry.host}/{name}", cache=BlobCache(tmp_path / "cache"))


def test_a_real_image_is_the_same_from_both_places(
    registry: DockerRegistry, image: Callable[[str], Path], tmp_path: Path
) -> None:
    archive = image("hello-static")
    registry.push(archive, "hello-static")
    cache = BlobCache(tmp_path / "cache")
    local = file_tree(open_image(str(archive), cache=cache), cache)
    remote_cache = BlobCache(tmp_path / "remote")
    remote = file_tree(open_image(f"{registry.host}/hello-static", cache=remote_cache), remote_cache)
    assert list(local) == list(remote)
    for path, inode in local.walk():
        if inode.spans:
            assert local.read(inode) == remote.read(remote[path])
