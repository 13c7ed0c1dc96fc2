"""A slim container's archive, read back by our own readers: it is the root, and starts the same."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from converter.container.configuration import SECCOMP_LABEL
from converter.container.name import checked_name, slim_name
from converter.container.slim import SlimContainer, write_slim
from converter.errors import IncompatibleImageError, UsageError
from converter.image.model import Image
from converter.image.open import file_tree, open_image
from converter.image.tree import FileKind, FileTree, Inode, Span
from converter.profiling import Reading, read_image
from tests.builders import elves, oci

LAYER = oci.layer(
    oci.directory("etc", mtime=7),
    oci.file("bin/app", elves.elf(kind=elves.EXEC), mode=0o755, mtime=12, uid=5, gid=6),
    oci.hardlink("bin/same", "bin/app"),
    oci.file("bin/sh", elves.elf(kind=elves.EXEC), mode=0o4755),
    oci.file(
        "data", b"x" * 5000, pax_headers={"SCHILY.xattr.user.kind": "caf\u00e9", "mtime": "3.000000005"}
    ),
    oci.symlink("link", "data"),
)
RUN: dict[str, Any] = {
    "Entrypoint": ["app", "--serve"],
    "Cmd": ["x"],
    "Env": ["PATH=/bin", "A=b"],
    "User": "5:6",
    "WorkingDir": "/etc",
    "ExposedPorts": {"80/tcp": {}},
    "StopSignal": "SIGINT",
    "Labels": {"of": "mine"},
    "Healthcheck": {"Test": ["CMD-SHELL", "app --check"], "Interval": 5},
}
Write = Callable[..., SlimContainer]


@pytest.fixture
def reading(tmp_path: Path) -> Reading:
    return read_image(
        str(
            oci.write_tar(
                tmp_path / "image.tar", oci.simple_layout([LAYER], run=RUN, created="2024-01-01T00:00:00Z")
            )
        )
    )


@pytest.fixture
def write(reading: Reading, tmp_path: Path) -> Write:
    def written(name: str = "slim.tar", tree: FileTree | None = None, kept: int | None = 2) -> SlimContainer:
        root = reading.tree if tree is None else tree
        return write_slim(
            tmp_path / name, "app-slim:1", reading.image, reading.program, root, kept, '{"of": "calls"}'
        )

    return written


def read_back(container: SlimContainer, transport: str = "oci-archive") -> tuple[Image, FileTree]:
    image = open_image(f"{transport}:{container.path}")
    return image, file_tree(image)


@pytest.mark.parametrize("transport", ["oci-archive", "docker-archive"])
def test_it_is_the_root(write: Write, reading: Reading, transport: str) -> None:
    image, tree = read_back(write(), transport)
    assert len(image.layers) == 1
    assert set(tree) == {*reading.tree, b"/dev", b"/proc", b"/sys"} | {
        b"/etc/hostname", b"/etc/hosts", b"/etc/resolv.conf",
    }  # fmt: skip
    for path, inode in reading.tree.walk():
        found = tree[path]

        for field in ("kind", "mode", "uid", "gid", "mtime", "mtime_nsec", "size", "target", "xattrs"):
            assert getattr(found, field) == getattr(inode, field), (path, field)
        if inode.kind is FileKind.REGULAR:
            assert tree.read(found) == reading.tree.read(inode)
    assert tree[b"/bin/same"] is tree[b"/bin/app"]


def test_equal_bytes(write: Write) -> None:
    one, other = write("one.tar"), write("other.tar")
    assert one.path.read_bytes() == other.path.read_bytes()
    assert one.digest == other.digest


def test_the_engines_read_one_image(write: Write) -> None:
    """Both descriptions name the same configuration and layer."""
    with tarfile.open(write().path) as archive:
        files = {each.name: archive.extractfile(each).read() for each in archive}  # type: ignore[union-attr]
    (docker,) = json.loads(files["manifest.json"])
    (entry,) = json.loads(files["index.json"])["manifests"]
    manifest = json.loads(files[f"blobs/{entry['digest'].replace(':', '/')}"])
    assert docker["RepoTags"] == ["app-slim:1"] == [entry["annotations"]["io.containerd.image.name"]]
    assert docker["Config"] == f"blobs/{manifest['config']['digest'].replace(':', '/')}"
    assert docker["Layers"] == [f"blobs/{each['digest'].replace(':', '/')}" for each in manifest["layers"]]


def test_what_starts_in_it(write: Write) -> None:
    config = read_back(write())[0].config
    assert (config.entrypoint, config.cmd) == (("app", "--serve"), ("x",))
    assert (config.user, config.working_dir, config.stop_signal) == ("5:6", "/etc", "SIGINT")
    assert config.env == ("PATH=/bin", "A=b", "HOME=/")
    assert config.exposed_ports == ("80/tcp",)
    assert config.labels == {"of": "mine", SECCOMP_LABEL: '{"of": "calls"}'}
    assert config.healthcheck is not None
    assert config.created == "2024-01-01T00:00:00Z"


def test_arguments_that_cannot_be_replaced_are_all_of_the_entrypoint(write: Write) -> None:
    config = read_back(write(kept=None))[0].config
    assert (config.entrypoint, config.cmd) == (("app", "--serve", "x"), ())


def test_a_check_for_a_shell_goes_with_the_shell(write: Write, reading: Reading) -> None:
    assert read_back(write(tree=reading.tree.without([b"/bin/sh"])))[0].config.healthcheck is None


def test_a_name_that_leads_elsewhere_becomes_a_path(reading: Reading, tmp_path: Path) -> None:
    """PATH finds another file of the name first in what is left."""
    program = replace(reading.program, argv=(b"sh",))
    made = write_slim(tmp_path / "x.tar", "x:1", reading.image, program, reading.tree, None, "")
    assert read_back(made)[0].config.entrypoint == ("/bin/app",)


def test_words_that_are_no_text(reading: Reading, tmp_path: Path) -> None:
    program = replace(reading.program, argv=(b"app", b"\xff"))
    with pytest.raises(IncompatibleImageError, match="no UTF-8"):
        write_slim(tmp_path / "x.tar", "x:1", reading.image, program, reading.tree, None, "")
    assert [path.name for path in tmp_path.iterdir()] == ["image.tar"]


def test_names_and_values_of_any_bytes(write: Write, reading: Reading) -> None:
    odd = Inode(
        FileKind.REGULAR, size=1, spans=(Span(0, 1, data=b"y"),),
        xattrs={"security.capability": b"\x01\x00\xff\xfe"}, mtime=-5, mtime_nsec=3,
    )  # fmt: skip
    name = b"/" + b"d" * 120 + b"/\xff" + b"n" * 150
    tree = read_back(write(tree=reading.tree.with_entries({name: odd})))[1]
    assert tree.read(tree[name]) == b"y"
    assert tree[name].xattrs == odd.xattrs


@pytest.mark.parametrize(
    ("ref", "name"),
    [
        ("redis:7", "redis-slim:7"),
        ("ghcr.io/owner/app", "app-slim:latest"),
        ("app@sha256:" + "0" * 64, "app-slim:latest"),
        ("docker-daemon:Me/App:1".lower(), "app-slim:1"),
    ],
)
def test_names(ref: str, name: str) -> None:
    assert slim_name(ref) == name


def test_a_name_after_a_file(tmp_path: Path) -> None:
    path = tmp_path / "My App.oci.tar"
    path.touch()
    assert slim_name(str(path)) == "my-app-slim:latest"


def test_what_is_no_name() -> None:
    assert checked_name("localhost:5000/a") == "localhost:5000/a:latest"
    assert checked_name("a:1") == "a:1"
    with pytest.raises(UsageError, match="lower case"):
        checked_name("App:1")
    with pytest.raises(UsageError, match="digest"):
        checked_name("app@sha256:" + "0" * 64)
