"""Local archives: OCI layouts and docker archives, whole, compressed, and broken in every way."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from converter.errors import IncompatibleImageError, SourceError, U2kError, UsageError
from converter.image import BlobCache, Image, Platform, file_tree, open_image
from tests.builders import oci

LOWER = oci.layer(oci.file("a", b"lower"), oci.file("b"))
UPPER = oci.layer(oci.file("c", b"upper"), oci.whiteout("b"))
RUN = {
    "Entrypoint": ["/bin/app"],
    "Cmd": ["serve"],
    "Env": ["PATH=/bin", "A=b=c"],
    "User": "1000:staff",
    "WorkingDir": "/srv",
    "ExposedPorts": {"80/tcp": {}, "53/udp": {}},
    "Volumes": {"/data": {}},
    "StopSignal": "SIGQUIT",
    "Labels": {"a": "b"},
    "Shell": ["/bin/sh", "-c"],
    "Healthcheck": {"Test": ["CMD", "true"], "Interval": 5_000_000_000, "Retries": 3},
}


def names(image: Image, cache: BlobCache) -> list[bytes]:
    return list(file_tree(image, cache))


def test_the_same_image_in_every_form(tmp_path: Path, cache: BlobCache) -> None:
    layers = [LOWER, UPPER]
    files = oci.simple_layout(layers, run=RUN)
    modern = {**files, "manifest.json": b"[]"}  # docker 25 and later: both; the layout counts
    whole = oci.tar_of(files)
    forms: dict[str, str] = {"folder": str(oci.write_folder(tmp_path / "folder", files))}
    for name, data in {
        "oci.tar": whole,
        "oci.tar.gz": oci.compressed(whole, "gzip"),
        "oci.tar.zst": oci.compressed(whole, "zstd"),
        "docker-old.tar": oci.tar_of(oci.docker_save(layers, run=RUN)),
        "docker-new.tar": oci.tar_of(modern),
        "docker-old.tar.gz": oci.compressed(oci.tar_of(oci.docker_save(layers, run=RUN)), "gzip"),
    }.items():
        (tmp_path / name).write_bytes(data)
        forms[name] = str(tmp_path / name)
    configs = []
    for reference in forms.values():
        image = open_image(reference, cache=cache)
        assert names(image, cache) == [b"/", b"/a", b"/c"]
        assert [layer.created_by for layer in image.layers] == ["step 0", "step 1"]
        configs.append(image.config)
    assert all(config == configs[0] for config in configs)


def test_the_configuration(tmp_path: Path, cache: BlobCache) -> None:
    archive = oci.write_tar(
        tmp_path / "a.tar", oci.simple_layout([LOWER], run=RUN, created="2020-01-01T00:00:00Z")
    )
    config = open_image(str(archive), cache=cache).config
    assert (config.os, config.architecture, config.created) == ("linux", "amd64", "2020-01-01T00:00:00Z")
    assert (config.entrypoint, config.cmd, config.shell) == (("/bin/app",), ("serve",), ("/bin/sh", "-c"))
    assert (config.env, config.user, config.working_dir) == (("PATH=/bin", "A=b=c"), "1000:staff", "/srv")
    assert (set(config.exposed_ports), config.volumes) == ({"80/tcp", "53/udp"}, ("/data",))
    assert (config.stop_signal, config.labels) == ("SIGQUIT", {"a": "b"})
    assert config.healthcheck is not None
    assert (config.healthcheck.test, config.healthcheck.interval) == (("CMD", "true"), 5_000_000_000)


def test_layers_shared_by_links_in_old_docker_archives(tmp_path: Path, cache: BlobCache) -> None:
    files = oci.docker_save([LOWER, UPPER])
    entry = json.loads(files["manifest.json"])
    first = entry[0]["Layers"][0]
    entry[0]["Layers"][0] = "other/layer.tar"
    files["manifest.json"] = oci.dumped(entry)
    link = oci.symlink("other/layer.tar", f"../{first}")
    archive = tmp_path / "a.tar"
    archive.write_bytes(oci.layer(*(oci.file(name, data) for name, data in files.items()), link))
    assert names(open_image(str(archive), cache=cache), cache) == [b"/", b"/a", b"/c"]


def two_images(where: Path) -> Path:
    one, first = oci.image([LOWER])
    two, second = oci.image([UPPER])
    tags = [{"org.opencontainers.image.ref.name": name} for name in ("one", "example.com/app:two")]
    top = oci.index(
        oci.descriptor(first, oci.MANIFEST, annotations=tags[0]),
        oci.descriptor(second, oci.MANIFEST, annotations=tags[1]),
    )
    return oci.write_folder(where / "two", oci.layout({**one, **two}, top))


def test_a_tag_picks_one_of_several(tmp_path: Path, cache: BlobCache) -> None:
    folder = two_images(tmp_path)
    assert names(open_image(f"oci:{folder}:one", cache=cache), cache) == [b"/", b"/a", b"/b"]
    for tag in ("two", "example.com/app:two"):
        assert names(open_image(f"oci:{folder}:{tag}", cache=cache), cache) == [b"/", b"/c"]
    for reference in (str(folder), f"oci:{folder}:three"):
        with pytest.raises(UsageError, match=r"several images|no image 'three'") as caught:
            open_image(reference, cache=cache)
        assert "example.com/app:two, one" in (caught.value.hint or "")


def multi(where: Path, *platforms: str, nested: bool = False) -> str:
    blobs: dict[str, bytes] = {}
    listed = []
    for platform in platforms:
        found, manifest = oci.image([oci.layer(oci.file(platform.replace("/", "-")))], platform=platform)
        blobs |= found
        listed.append(oci.descriptor(manifest, oci.MANIFEST, platform=oci.platform_of(platform)))
    attestation = oci.dumped({"schemaVersion": 2})
    listed.insert(
        0,
        oci.descriptor(
            attestation,
            oci.MANIFEST,
            platform=oci.platform_of("unknown/unknown"),
            annotations={"vnd.docker.reference.type": "attestation-manifest"},
        ),
    )
    top = oci.index(*listed)
    if nested:
        blobs[oci.digest(top)] = top
        top = oci.index(oci.descriptor(top, oci.INDEX))
    return str(oci.write_folder(where / "multi", oci.layout(blobs, top)))


@pytest.mark.parametrize("nested", [True, False])
@pytest.mark.parametrize(
    ("there", "wanted", "chosen"),
    [
        (["linux/arm64", "linux/amd64"], "linux/amd64", b"/linux-amd64"),
        (["linux/arm64/v8", "linux/amd64"], "linux/arm64", b"/linux-arm64-v8"),
        (["linux/arm64", "linux/amd64"], "linux/arm64/v8", b"/linux-arm64"),
        (["linux/arm64/v9", "linux/arm64/v8"], "linux/arm64", b"/linux-arm64-v8"),
        (["linux/arm64/v8", "linux/arm64/v9"], "linux/arm64/v9", b"/linux-arm64-v9"),
        (["linux/amd64/v3", "linux/amd64"], "linux/amd64", b"/linux-amd64"),
        (["windows/amd64", "linux/amd64"], "amd64", b"/linux-amd64"),
    ],
)
def test_platforms(
    tmp_path: Path, cache: BlobCache, there: list[str], wanted: str, chosen: bytes, nested: bool
) -> None:
    image = open_image(multi(tmp_path, *there, nested=nested), cache=cache, platform=Platform.parse(wanted))
    assert names(image, cache)[1] == chosen


def test_no_matching_platform_lists_what_there_is(tmp_path: Path, cache: BlobCache) -> None:
    folder = multi(tmp_path, "linux/s390x", "linux/arm/v7", "windows/amd64")
    with pytest.raises(
        IncompatibleImageError, match=r"linux/amd64.*linux/arm/v7, linux/s390x, windows/amd64"
    ) as caught:
        open_image(folder, cache=cache)
    assert caught.value.exit_code == 3
    assert "--platform" in (caught.value.hint or "")


def test_windows_images(tmp_path: Path, cache: BlobCache) -> None:
    single = oci.write_tar(tmp_path / "a.tar", oci.simple_layout([LOWER], platform="windows/amd64"))
    saved = oci.write_tar(tmp_path / "b.tar", oci.docker_save([LOWER], platform="windows/amd64"))
    for reference in (str(single), str(saved), multi(tmp_path, "windows/amd64")):
        with pytest.raises(IncompatibleImageError, match=r"[wW]indows image") as caught:
            open_image(reference, cache=cache)
        assert caught.value.hint


def test_a_single_image_for_another_platform(tmp_path: Path, cache: BlobCache) -> None:
    for files in (
        oci.simple_layout([LOWER], platform="linux/arm64"),
        oci.docker_save([LOWER], platform="linux/arm64"),
    ):
        archive = oci.write_tar(tmp_path / "a.tar", files)
        with pytest.raises(IncompatibleImageError, match=r"no image for linux/amd64.*linux/arm64"):
            open_image(str(archive), cache=cache)


def changed_manifest(**changes: Any) -> oci.Files:
    blobs, manifest = oci.image([LOWER])
    document = {**json.loads(manifest), **changes}
    new = oci.dumped(document)
    return oci.layout({**blobs, oci.digest(new): new}, oci.index(oci.descriptor(new, oci.MANIFEST)))


def changed_config(raw: bytes) -> oci.Files:
    return oci.simple_layout([LOWER], raw_config=raw)


BASE = json.loads(oci.config([LOWER]))
ARTIFACT = oci.descriptor(b"{}", "application/vnd.cncf.helm.config.v1+json")
BAD: dict[str, tuple[type[U2kError], str, oci.Files]] = {
    "empty": (SourceError, "neither an OCI layout", {"x": b""}),
    "index not JSON": (SourceError, "not JSON", oci.layout({}, b"{")),
    "index nested too deep": (SourceError, "not JSON", oci.layout({}, b"[" * 100_000)),
    "index a list": (SourceError, "object was expected", oci.layout({}, b"[]")),
    "index of nothing": (IncompatibleImageError, "none at all", oci.layout({}, oci.index())),
    "manifests of numbers": (SourceError, "object was expected", oci.layout({}, b'{"manifests":[1]}')),
    "no size": (
        SourceError,
        "without a size",
        oci.layout({}, b'{"manifests":[{"digest":"sha256:%b"}]}' % (b"a" * 64)),
    ),
    "digest with a path": (
        SourceError,
        "no digest",
        oci.layout({}, oci.index({"digest": "sha256:../../../etc/passwd", "size": 1})),
    ),
    "missing manifest": (
        SourceError,
        "missing in the archive",
        oci.layout({}, oci.index(oci.descriptor(b"{}", oci.MANIFEST))),
    ),
    "schema 1": (IncompatibleImageError, "schema 1", changed_manifest(schemaVersion=1)),
    "artifact": (IncompatibleImageError, "no container image", changed_manifest(config=ARTIFACT)),
    "no config": (SourceError, "without a size|no digest", changed_manifest(config={})),
    "more layers than diff_ids": (
        SourceError,
        "2 layers, the configuration 1",
        changed_manifest(layers=[oci.descriptor(LOWER, oci.LAYER)] * 2),
    ),
    "config not JSON": (SourceError, "not JSON", changed_config(b"\xff")),
    "env no list": (
        SourceError,
        "list was expected",
        changed_config(oci.dumped({**BASE, "config": {"Env": "A=b"}})),
    ),
    "env of numbers": (
        SourceError,
        "string was expected",
        changed_config(oci.dumped({**BASE, "config": {"Env": [1]}})),
    ),
    "os a number": (SourceError, "string was expected", changed_config(oci.dumped({**BASE, "os": 1}))),
    "diff_id": (
        SourceError,
        "no digest",
        changed_config(oci.dumped({**BASE, "rootfs": {"diff_ids": ["sha256:x"]}})),
    ),
    "docker: not JSON": (SourceError, "not JSON", {"manifest.json": b"{"}),
    "docker: no images": (UsageError, "no image", {"manifest.json": b"[]"}),
    "docker: numbers": (SourceError, "object was expected", {"manifest.json": b"[1]"}),
    "docker: missing config": (SourceError, "missing", {"manifest.json": b'[{"Config":"x"}]'}),
    "docker: out of the folder": (SourceError, "missing", {"manifest.json": b'[{"Config":"/etc/passwd"}]'}),
}


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("form", ["tar", "folder"])
def test_broken_archives(tmp_path: Path, cache: BlobCache, name: str, form: str) -> None:
    kind, says, files = BAD[name]
    place = (
        oci.write_tar(tmp_path / "a.tar", files) if form == "tar" else oci.write_folder(tmp_path / "a", files)
    )
    with pytest.raises(kind, match=says) as caught:
        open_image(str(place), cache=cache)
    assert caught.value.where


def test_archives_cut_anywhere(tmp_path: Path, cache: BlobCache) -> None:
    whole = oci.tar_of(oci.simple_layout([LOWER]))
    archive = tmp_path / "a.tar"
    end = whole.rstrip(b"\0").__len__()
    for length in (0, 1, 100, 512, 700, 1500, end // 2, end - 1):
        for data in (whole[:length], oci.compressed(whole, "gzip")[: length // 8]):
            archive.write_bytes(data)
            with pytest.raises(SourceError):
                open_image(str(archive), cache=cache)


def test_a_file_that_is_no_archive(tmp_path: Path, cache: BlobCache) -> None:
    (tmp_path / "text").write_text("hello " * 1000)
    with pytest.raises(SourceError, match="not a sound tar archive"):
        open_image(str(tmp_path / "text"), cache=cache)
    with pytest.raises(UsageError, match="no such file"):
        open_image("nothing-here", cache=cache, source="archive")


def test_a_size_that_does_not_fit(tmp_path: Path, cache: BlobCache) -> None:
    blobs, manifest = oci.image([LOWER])
    top = oci.index({**oci.descriptor(manifest, oci.MANIFEST), "size": 7})
    archive = oci.write_tar(tmp_path / "a.tar", oci.layout(blobs, top))
    with pytest.raises(SourceError, match="not the 7 announced"):
        open_image(str(archive), cache=cache)


@pytest.mark.parametrize("form", ["docker", "oci"])
def test_a_file_as_the_source_of_a_name(tmp_path: Path, cache: BlobCache, form: str) -> None:
    layers = {name: oci.layer(oci.file(name.replace("/", "-"))) for name in ("redis:7", "r.example/a:1")}
    if form == "docker":
        files = oci.docker_save([layers["redis:7"]], tags=["redis:7", "r.example/a:1"])
        path = oci.write_tar(tmp_path / "a.tar", files)
    else:
        blobs: dict[str, bytes] = {}
        listed = []
        for name, layer in layers.items():
            found, manifest = oci.image([layer])
            blobs |= {**found, oci.digest(manifest): manifest}
            full = {"io.containerd.image.name": f"docker.io/library/{name}" if name == "redis:7" else name}
            listed.append(oci.descriptor(manifest, oci.MANIFEST, annotations=full))
        path = oci.write_tar(tmp_path / "a.tar", oci.layout(blobs, oci.index(*listed)))
    for name in ("redis:7", "docker.io/redis:7", "r.example/a:1"):
        image = open_image(name, source=str(path), cache=cache)
        if form == "oci":
            there = file_tree(image, cache)
            assert (b"/redis:7" in there) == ("redis" in name)
    for name in ("redis:8", "r.example/redis:7", "b:1"):
        with pytest.raises(UsageError, match="no image"):
            open_image(name, source=str(path), cache=cache)
    with pytest.raises(UsageError, match="'nothing' is no source"):
        open_image("redis:7", source="nothing", cache=cache)
