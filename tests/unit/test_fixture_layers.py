"""The fixture builder itself: packages are read, layers are laid, and the same input gives the same bytes."""

from __future__ import annotations

import gzip
import io
import json
import lzma
import tarfile
from pathlib import Path

import pytest

from fixtures import archive, deb
from fixtures.entry import Entry, compress, directory, layer_tar, opaque, symlink, whiteout
from fixtures.errors import RecipeError


def members(tar: bytes) -> dict[str, tarfile.TarInfo]:
    with tarfile.open(fileobj=io.BytesIO(tar)) as held:
        return {info.name: info for info in held}


def ar(**files: bytes) -> bytes:
    """An ar archive (ar(5)); `_` in a name stands for a dot."""
    out = b"!<arch>\n"
    for name, data in files.items():
        header = f"{name.replace('_', '.'):<16}{0:<12}{0:<6}{0:<6}{644:<8}{len(data):<10}`\n"
        out += header.encode() + data + b"\n" * (len(data) % 2)
    return out


def package(folder: Path, **files: bytes) -> Path:
    path = folder / "some.deb"
    path.write_bytes(ar(debian_binary=b"2.0", **files))
    return path


def data_tar(*names: str) -> bytes:
    return layer_tar([Entry(name, data=name.encode(), uid=7) for name in names])


def test_missing_parents_are_added_and_stand_first() -> None:
    names = list(members(layer_tar([Entry("a/b/c"), directory("a", 0o700)])))
    assert names == ["a", "a/b", "a/b/c"]
    assert members(layer_tar([Entry("a/b/c"), directory("a", 0o700)]))["a"].mode == 0o700


def test_hard_links_stand_after_their_targets() -> None:
    link = Entry("a", tarfile.LNKTYPE, target="z")
    assert list(members(layer_tar([link, Entry("z", data=b"z")]))) == ["z", "a"]


def test_marks_of_deletion_are_named_as_the_image_spec_says() -> None:
    assert whiteout("/etc/passwd").path == "etc/.wh.passwd"
    assert whiteout("/top").path == ".wh.top"
    assert opaque("/var/cache").path == "var/cache/.wh..wh..opq"


@pytest.mark.parametrize("how", ["gzip", "zstd", "none"])
def test_a_layer_is_the_same_bytes_each_time(how: str) -> None:
    entries = [Entry("b", data=b"b" * 5000), symlink("a", "b")]
    assert compress(layer_tar(entries), how) == compress(layer_tar(reversed(entries)), how)


@pytest.mark.parametrize(("suffix", "pack"), [("_xz", lzma.compress), ("_gz", gzip.compress), ("", bytes)])
def test_packages_are_read_whatever_compresses_them(tmp_path: Path, suffix: str, pack: object) -> None:
    assert callable(pack)
    control = {"control_tar": b"odd"}  # an odd length: ar pads it
    path = package(tmp_path, **control, **{f"data_tar{suffix}": pack(data_tar("etc/x"))})
    found = {entry.path: entry for entry in deb.entries(path)}
    assert found["etc/x"].data == b"etc/x"
    assert found["etc/x"].uid == 7


def test_packages_are_laid_with_usr_merged_and_without_documentation(tmp_path: Path) -> None:
    path = package(tmp_path, data_tar=data_tar("lib/x.so", "binary", "usr/share/doc/x/README"))
    paths = {entry.path for entry in deb.entries(path)}
    assert {"usr/lib/x.so", "binary"} <= paths
    assert not any(name.startswith("usr/share/doc") for name in paths)
    assert "lib/x.so" in {entry.path for entry in deb.entries(path, merged_usr=False)}


def test_a_package_without_data_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"some\.deb has no data\.tar"):
        list(deb.entries(package(tmp_path, control_tar=b"")))


def test_an_archive_names_its_blobs_by_digest(tmp_path: Path) -> None:
    out = tmp_path / "x.oci.tar"
    archive.write(out, "x", [archive.Layer([Entry("a", data=b"a")], "made")], {"Cmd": ["a"]})
    first = out.read_bytes()
    with tarfile.open(out) as held:
        index = json.loads(held.extractfile("index.json").read())
        manifest = held.extractfile("blobs/" + index["manifests"][0]["digest"].replace(":", "/")).read()
    assert index["manifests"][0]["size"] == len(manifest)
    archive.write(out, "x", [archive.Layer([Entry("a", data=b"a")], "made")], {"Cmd": ["a"]})
    assert out.read_bytes() == first
