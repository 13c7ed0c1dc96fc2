"""What others read out of our EROFS images: erofs-utils everywhere, the Linux kernel where it may mount."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from converter.image.tree import FileKind, FileTree, Inode, Span
from converter.rootfs.erofs import build_root
from tests.builders.trees import directory, regular, symlink, tree_of

pytestmark = pytest.mark.skipif(shutil.which("fsck.erofs") is None, reason="erofs-utils is not installed")

Facts = dict[str, tuple[object, ...]]


def busy_tree(with_devices: bool = True) -> FileTree:
    """One of everything that the format treats in a way of its own."""
    linked = regular(b"linked", 0o640, uid=1000, gid=1000, mtime=1_600_000_000, mtime_nsec=5)
    entries: dict[str, Inode] = {
        "/empty": directory(0o700),
        "/sticky": directory(0o1777, mtime=1_700_000_000),
        "/none": regular(b""),
        "/suid": regular(b"#!", 0o4755, uid=70000, gid=4_000_000_000),
        "/many": directory(),
        "/z/link": linked,
        "/a/link": linked,
        "/a/again": linked,
        "/long-name/" + "n" * 255: regular(b"x"),
        "/old": regular(b"before 1970", mtime=-86400, mtime_nsec=999_999_999),
        "/late": regular(b"after 2106", mtime=1 << 33),
        "/!sorts before the dot": regular(b"!"),
        "/-": directory(),
        "/holes": Inode(
            FileKind.REGULAR,
            size=3 * 4096 + 9,
            spans=(Span(4096 + 10, 3, data=b"abc"), Span(3 * 4096, 9, data=b"the tail.")),
        ),
        "/all-hole": Inode(FileKind.REGULAR, size=10_000),
        "/attributes": regular(
            b"data",
            xattrs={
                "user.short": b"1",
                "user.empty": b"",
                "user.long": bytes(range(256)) * 12,
                "trusted.t": b"t",
                "security.capability": bytes.fromhex("0100000200040000000000000000000000000000"),
            },
        ),
        "/attributed": directory(xattrs={"user.of": b"a folder"}),
    }
    entries |= {f"/many/entry-{number:05}": regular(b"") for number in range(10_000)}
    for size in (1, 4095, 4096, 4097, 8192, 100_001):
        entries[f"/sizes/{size}"] = regular(bytes(index * size % 251 for index in range(size)))
    for length in (1, 31, 3000, 4000, 4095):
        entries[f"/links/{length}"] = symlink((b"t/" * 2048)[:length])
    entries["/" + "/".join(["deep"] * 200)] = regular(b"found me")
    for count in (100, 160, 170, 180, 250):  # directories around one block
        entries |= {f"/around/{count}/name-{index:08}": regular(b"") for index in range(count)}
    if with_devices:
        entries |= {
            "/dev/null": Inode(FileKind.CHARACTER, 0o666, rdev=(1, 3)),
            "/dev/big": Inode(FileKind.BLOCK, 0o660, rdev=(4095, 1_048_575)),
            "/fifo": Inode(FileKind.FIFO, 0o600),
            "/socket": Inode(FileKind.SOCKET, 0o755),
        }
    return tree_of(entries)


def facts_of_tree(tree: FileTree) -> Facts:
    first: dict[int, str] = {}
    counts: dict[int, int] = {}
    for _, inode in tree.walk():
        counts[id(inode)] = counts.get(id(inode), 0) + 1
    facts: Facts = {}
    for path, inode in tree.walk():
        name = path.decode()
        same = first.setdefault(id(inode), name)
        content: object = None
        if inode.kind is FileKind.REGULAR:
            content = tree.read(inode)
        elif inode.kind is FileKind.SYMLINK:
            content = inode.target
        elif inode.kind in (FileKind.CHARACTER, FileKind.BLOCK):
            content = inode.rdev
        links = counts[id(inode)]
        if inode.kind is FileKind.DIRECTORY:
            children = [path.rstrip(b"/") + b"/" + child for child in tree.children(path)]
            links = 2 + sum(tree[child].kind is FileKind.DIRECTORY for child in children)
        facts[name] = (
            inode.kind, inode.mode, inode.uid, inode.gid, inode.mtime * 10**9 + inode.mtime_nsec, content,
            dict(inode.xattrs), links, same,
        )  # fmt: skip
    return facts


def facts_of_folder(root: Path) -> Facts:
    first: dict[int, str] = {}
    facts: Facts = {}
    paths = [root]
    for folder, folders, files in os.walk(root):
        paths += [Path(folder, name) for name in (*folders, *files)]
    for path in sorted(paths):
        status = path.lstat()
        kind = FileKind(stat.S_IFMT(status.st_mode))
        name = "/" + str(path.relative_to(root)) if path != root else "/"
        content: object = None
        if kind is FileKind.REGULAR:
            content = path.read_bytes()
        elif kind is FileKind.SYMLINK:
            content = os.readlink(os.fsencode(path))  # noqa: PTH115 (Path drops a trailing slash)
        elif kind in (FileKind.CHARACTER, FileKind.BLOCK):
            content = (os.major(status.st_rdev), os.minor(status.st_rdev))
        xattrs = {
            key: os.getxattr(path, key, follow_symlinks=False)
            for key in os.listxattr(path, follow_symlinks=False)
        }
        facts[name] = (
            kind, stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid, status.st_mtime_ns, content,
            xattrs, status.st_nlink, first.setdefault(status.st_ino, name),
        )  # fmt: skip
    return facts


def may_mount() -> bool:
    filesystems = Path("/proc/filesystems")
    return os.geteuid() == 0 and filesystems.exists() and "\terofs\n" in filesystems.read_text()


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("erofs") / "root.erofs"
    build_root(busy_tree(), path)
    return path


def test_fsck_accepts_it(image: Path) -> None:
    done = subprocess.run(["fsck.erofs", image], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_fsck_notices_a_flipped_bit(image: Path, tmp_path: Path) -> None:
    """So that the test above means something: the superblock's checksum is really there and looked at."""
    broken = tmp_path / "broken.erofs"
    data = bytearray(image.read_bytes())
    data[1024 + 70] ^= 1
    broken.write_bytes(data)
    done = subprocess.run(["fsck.erofs", broken], capture_output=True, text=True)
    assert "checksum" in done.stderr  # erofs-utils 1.5 ends with status 0 even so


def test_erofs_utils_extracts_the_tree(tmp_path: Path) -> None:
    """fsck.erofs restores neither xattrs nor hard links, and its chown after chmod loses suid and sgid."""
    is_root = os.geteuid() == 0
    tree = busy_tree(with_devices=is_root)
    build_root(tree, tmp_path / "root.erofs")
    out = tmp_path / "out"
    subprocess.run(
        ["fsck.erofs", f"--extract={out}", tmp_path / "root.erofs"], check=True, capture_output=True
    )
    found, wanted = facts_of_folder(out), facts_of_tree(tree)
    assert found.keys() == wanted.keys()
    for path, (kind, mode, uid, gid, mtime, content, *_) in wanted.items():
        assert (found[path][0], found[path][5]) == (kind, content), path
        if is_root:
            assert found[path][2:5] == (uid, gid, mtime), path
        if is_root and kind is not FileKind.SYMLINK:
            assert found[path][1] & 0o1777 == mode & 0o1777, path


@pytest.mark.root
@pytest.mark.skipif(not may_mount(), reason="needs root and a kernel with EROFS")
def test_linux_mounts_the_same_tree(image: Path, tmp_path: Path) -> None:
    subprocess.run(["mount", "-t", "erofs", "-o", "loop,ro", image, tmp_path], check=True)
    try:
        found, wanted = facts_of_folder(tmp_path), facts_of_tree(busy_tree())
    finally:
        subprocess.run(["umount", tmp_path], check=True)
    assert found.keys() == wanted.keys()
    for path, facts in wanted.items():
        assert found[path] == facts, path


_BUILD = """
import sys; from pathlib import Path
from converter.rootfs.erofs import build_root; from tests.e2e.test_erofs import busy_tree
print(build_root(busy_tree(), Path(sys.argv[1]), digest=True).digest)
"""


@pytest.mark.skipif(shutil.which("faketime") is None, reason="faketime is not installed")
def test_clock_zone_umask_and_hash_seed_change_nothing(tmp_path: Path) -> None:
    digests = set()
    runs = (("2001-01-01 00:00:00", "UTC", 0o022, "1"), ("2031-07-01 12:00:00", "Asia/Tokyo", 0o077, "2"))
    for when, zone, umask, seed in runs:
        done = subprocess.run(
            ["faketime", when, sys.executable, "-c", _BUILD, tmp_path / f"{seed}.erofs"],
            env=os.environ | {"TZ": zone, "PYTHONHASHSEED": seed},
            cwd=Path(__file__).parents[2],
            umask=umask,
            check=True,
            capture_output=True,
            text=True,
        )
        digests.add(done.stdout)
    assert len(digests) == 1
