"""The file tree equals what `umoci unpack` makes on disk: every path with all that is known of it."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import stat
import subprocess
import tarfile
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import zstandard

from converter.image import BlobCache, FileKind, FileTree, file_tree, open_image
from tests.builders import oci

CORPUS = os.environ.get("U2K_CORPUS")


def described(tree: FileTree) -> dict[bytes, dict[str, Any]]:
    """What can be compared of each path of `tree`."""
    groups: dict[int, list[bytes]] = defaultdict(list)
    for path, inode in tree.walk():
        groups[id(inode)].append(path)
    found = {}
    for path, inode in tree.walk():
        entry: dict[str, Any] = {
            "kind": inode.kind.name,
            "mode": oct(inode.mode),
            "owner": (inode.uid, inode.gid),
            "xattrs": dict(inode.xattrs),
            "links": groups[id(inode)],
        }
        if inode.kind is FileKind.SYMLINK:
            entry.update(target=inode.target)
            del entry["mode"]  # symlinks have none on Linux
        if inode.kind in (FileKind.CHARACTER, FileKind.BLOCK):
            entry.update(rdev=inode.rdev)
        if inode.kind is FileKind.REGULAR:
            with tree.open(inode) as stream:
                entry.update(size=inode.size, content=hashlib.file_digest(stream, "sha256").hexdigest())
        if inode.layer >= 0 and path != b"/":
            entry.update(mtime=(inode.mtime, inode.mtime_nsec))
        found[path] = entry
    return found


def described_folder(root: Path) -> dict[bytes, dict[str, Any]]:
    """The same of a folder on disk."""
    base = os.fsencode(root)
    paths = [b"/"]
    for folder, folders, files in os.walk(base):
        relative = folder[len(base) :]
        paths += [relative + b"/" + name for name in folders + files]
    groups: dict[tuple[int, int], list[bytes]] = defaultdict(list)
    for path in sorted(paths):
        groups[os.lstat(base + path)[1:3]].append(path)
    found = {}
    for path in sorted(paths):
        real = base + path if path != b"/" else base
        status = os.lstat(real)
        kind = FileKind(stat.S_IFMT(status.st_mode))
        entry: dict[str, Any] = {
            "kind": kind.name,
            "mode": oct(stat.S_IMODE(status.st_mode)),
            "owner": (status.st_uid, status.st_gid),
            "xattrs": {
                name: os.getxattr(real, name, follow_symlinks=False)
                for name in os.listxattr(real, follow_symlinks=False)
            },
            "links": groups[os.lstat(real)[1:3]],
        }
        if kind is FileKind.SYMLINK:
            entry.update(target=os.readlink(real))  # noqa: PTH115  (bytes)
            del entry["mode"]
        if kind in (FileKind.CHARACTER, FileKind.BLOCK):
            entry.update(rdev=(os.major(status.st_rdev), os.minor(status.st_rdev)))
        if kind is FileKind.REGULAR:
            with open(real, "rb") as stream:  # noqa: PTH123  (bytes)
                entry.update(size=status.st_size, content=hashlib.file_digest(stream, "sha256").hexdigest())
        if path != b"/":
            entry.update(mtime=divmod(status.st_mtime_ns, 1_000_000_000))
        found[path] = entry
    return found


def without_zstd(layout: Path) -> None:
    """Stores zstd layers as they are without compression: umoci knows no zstd."""

    def blob(digest: str) -> Path:
        return layout / "blobs" / digest.replace(":", "/")

    top = json.loads((layout / "index.json").read_bytes())
    manifest = json.loads(blob(top["manifests"][0]["digest"]).read_bytes())
    for layer in manifest["layers"]:
        if layer["mediaType"].endswith("+zstd"):
            with blob(layer["digest"]).open("rb") as stream:
                data = zstandard.ZstdDecompressor().stream_reader(stream, read_across_frames=True).read()
            blob(oci.digest(data)).write_bytes(data)
            layer.update(oci.descriptor(data, oci.LAYER))
    raw = oci.dumped(manifest)
    blob(oci.digest(raw)).write_bytes(raw)
    top["manifests"][0].update(oci.descriptor(raw, oci.MANIFEST))
    (layout / "index.json").write_bytes(oci.dumped(top))


def unpacked_by_umoci(archive: Path, where: Path) -> Path:
    """The root folder that umoci makes of the only image in `archive`. Needs root."""
    layout = where / "layout"
    subprocess.run(["skopeo", "copy", "-q", f"oci-archive:{archive}", f"oci:{layout}:x"], check=True)
    without_zstd(layout)
    subprocess.run(
        ["umoci", "unpack", "--image", f"{layout}:x", str(where / "bundle")], check=True, capture_output=True
    )
    return where / "bundle" / "rootfs"


def differences(archive: Path, where: Path) -> dict[str, Any]:
    """What differs between u2k's tree and umoci's, by path; {} is what we want."""
    cache = BlobCache(where / "cache")
    ours = described(file_tree(open_image(str(archive), cache=cache), cache))
    theirs = described_folder(unpacked_by_umoci(archive, where))
    wrong: dict[str, Any] = {}
    for path in sorted(ours.keys() | theirs.keys()):
        mine, other = ours.get(path), theirs.get(path)
        if mine != other:
            keys = (mine or {}).keys() | (other or {}).keys()
            wrong[os.fsdecode(path)] = {
                key: ((mine or {}).get(key), (other or {}).get(key))
                for key in keys
                if (mine or {}).get(key) != (other or {}).get(key)
            }
    return wrong


needs_umoci = [
    pytest.mark.root,
    pytest.mark.skipif(os.geteuid() != 0, reason="owners and devices can only be unpacked by root"),
    pytest.mark.skipif(
        not (shutil.which("umoci") and shutil.which("skopeo")), reason="umoci and skopeo are not installed"
    ),
]
pytestmark = needs_umoci


@pytest.mark.parametrize("name", ["hello-static", "hello-dynamic", "sqlite-batch"])
def test_of_a_fixture_image(image: Callable[[str], Path], name: str, tmp_path: Path) -> None:
    assert differences(image(name), tmp_path) == {}


@pytest.mark.parametrize(
    "name", ["hello-c-dynamic", "hello-musl", "hello-rust", "sqlite-batch", "nginx", "python-http"]
)
def test_of_a_corpus_image(name: str, tmp_path: Path) -> None:
    if CORPUS is None:
        pytest.skip("U2K_CORPUS does not say where the corpus images are")
    archive = Path(CORPUS) / f"{name}.oci.tar"
    if not archive.exists():
        pytest.skip(f"{archive} is not there")
    assert differences(archive, tmp_path) == {}


def test_of_an_image_with_all_that_layers_can_say(tmp_path: Path) -> None:
    lower = oci.layer(
        oci.directory("./", mode=0o711),
        oci.directory("etc", uid=70000, gid=4_000_000_000),
        oci.file("etc/passwd", b"root", mode=0o600),
        oci.file("etc/shadow", b"x", mode=0o4755),
        oci.directory("usr"),
        oci.directory("usr/lib"),
        oci.file("usr/lib/libc.so", b"libc", mtime=1_000_000_000),
        oci.symlink("lib", "usr/lib", uid=5),
        oci.directory("opt"),
        oci.directory("opt/app"),
        *(oci.file(f"opt/app/{number}", bytes([number]) * 5000) for number in range(20)),
        oci.directory("var"),
        oci.file("var/becomes-a-folder", b"1"),
        oci.directory("var/becomes-a-file"),
        oci.file("var/becomes-a-file/inside", b"1"),
        oci.directory("var/keeps"),
        oci.file("var/keeps/old", b"old"),
        oci.hardlink("etc/passwd-", "etc/passwd", mode=0o600),
        oci.directory("x" * 90),
        oci.file("x" * 90 + "/" + "y" * 200, b"long"),
        oci.symlink("long-link", "z/" * 150),
        oci.entry("null", tarfile.CHRTYPE, mode=0o666, devmajor=1, devminor=3),
        oci.entry("disk", tarfile.BLKTYPE, mode=0o660, devmajor=259, devminor=70000),
        oci.entry("pipe", tarfile.FIFOTYPE, mode=0o640),
        oci.file(
            "capable", b"elf", pax_headers={"SCHILY.xattr.user.note": "grüße", "mtime": "1234.567890123"}
        ),
    )
    upper = oci.layer(
        oci.file("lib/new.so", b"through the link"),
        oci.hardlink("linked-to-lower", "usr/lib/libc.so", mode=0o644, mtime=1_000_000_000),
        oci.hardlink("linked-through-link", "lib/libc.so", mode=0o644, mtime=1_000_000_000),
        oci.whiteout("etc/shadow"),
        oci.directory("opt/app"),
        oci.file("opt/app/kept", b"kept"),
        oci.opaque("opt/app"),
        oci.whiteout("var/never-was"),
        oci.directory("var/becomes-a-folder"),
        oci.file("var/becomes-a-folder/inside", b"2"),
        oci.file("var/becomes-a-file", b"2"),
        oci.directory("var/keeps", mode=0o700, mtime=5),
        oci.file("var/keeps/new", b"new"),
        oci.file("twice", b"first"),
        oci.file("twice", b"second"),
    )
    archive = oci.write_tar(tmp_path / "all.oci.tar", oci.simple_layout([lower, upper]))
    assert differences(archive, tmp_path) == {}
