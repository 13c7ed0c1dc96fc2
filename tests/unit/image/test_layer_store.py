"""The cache: verified, shared, sparse, bounded; and what happens when the disk is full."""

from __future__ import annotations

import gzip
import io
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from converter.cache.folder import default_root
from converter.errors import OutputError, SourceError, UsageError
from converter.image import BlobCache, file_tree, open_image
from converter.image.blobs import Limits
from tests.builders import oci

LAYER = oci.layer(oci.file("a", b"x" * 10_000), oci.directory("d", uid=7))


def archive_of(where: Path, *layers: bytes, **options: str) -> str:
    return str(oci.write_tar(where / "image.tar", oci.simple_layout(layers, **options)))


@pytest.mark.parametrize("compression", ["plain", "gzip", "zstd"])
def test_every_compression_and_a_second_time(tmp_path: Path, cache: BlobCache, compression: str) -> None:
    archive = archive_of(tmp_path, LAYER, compression=compression)
    for _ in range(2):
        tree = file_tree(open_image(archive, cache=cache), cache)
        assert tree.read(tree[b"/a"]) == b"x" * 10_000
        assert tree[b"/d"].uid == 7
    copied = cache.layer_path(oci.digest(LAYER)).exists()
    assert copied == (compression != "plain"), "a plain layer is read in place"
    assert not list((cache.root / "tmp").iterdir())


def test_a_broken_index_is_made_again(tmp_path: Path, cache: BlobCache) -> None:
    archive = archive_of(tmp_path, LAYER)
    before = dict(file_tree(open_image(archive, cache=cache), cache))
    index = cache.index_path(oci.digest(LAYER))
    for broken in (b"", b"{}", b"[]", index.read_bytes()[:-5], b'{"version":1,"size":20480,"members":[[]]}'):
        index.write_bytes(broken)
        after = file_tree(open_image(archive, cache=cache), cache)
        assert list(after) == list(before)


def test_the_saved_index_says_the_same(tmp_path: Path, cache: BlobCache) -> None:
    layer = oci.layer(
        oci.file(
            "\udcff\udcfe",
            b"abc",
            mtime=-3,
            pax_headers={"SCHILY.xattr.security.x": "\udc80\0", "mtime": "-3.5"},
        ),
        oci.symlink("s", "\udc99"),
        oci.entry("c", tarfile.CHRTYPE, devmajor=1, devminor=3),
    )
    archive = archive_of(tmp_path, layer)
    first, second = (file_tree(open_image(archive, cache=cache), cache) for _ in range(2))
    for (path, one), (other, two) in zip(first.walk(), second.walk(), strict=True):
        fields = [name for name in one.__dataclass_fields__ if name != "xattrs"]
        assert path == other
        assert [getattr(one, name) for name in fields] == [getattr(two, name) for name in fields]
        assert dict(one.xattrs) == dict(two.xattrs)
    assert first[b"/\xff\xfe"].xattrs == {"security.x": b"\x80\0"}


@pytest.mark.parametrize("compression", ["plain", "gzip"])
def test_a_wrong_diff_id(tmp_path: Path, cache: BlobCache, compression: str) -> None:
    raw = oci.config([oci.layer(oci.file("another"))])
    archive = archive_of(tmp_path, LAYER, compression=compression, raw_config=raw)  # type: ignore[arg-type]
    with pytest.raises(SourceError, match="wrong digest"):
        file_tree(open_image(archive, cache=cache), cache)
    assert not [path for path in (cache.root / "layers").rglob("*") if path.is_file()]


@pytest.mark.parametrize("change", ["flip", "cut", "grow"])
@pytest.mark.parametrize("compression", ["plain", "gzip", "zstd"])
def test_a_blob_that_is_not_what_it_is_called(
    tmp_path: Path, cache: BlobCache, compression: str, change: str
) -> None:
    files = oci.simple_layout([LAYER], compression=compression)
    name = f"blobs/{oci.digest(oci.compressed(LAYER, compression)).replace(':', '/')}"
    data = files[name]
    middle = len(data) // 2
    files[name] = {
        "flip": data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :],
        "cut": data[:-10],
        "grow": data + b"more",
    }[change]
    archive = oci.write_tar(tmp_path / "image.tar", files)
    says = {"flip": "wrong digest", "cut": "truncated", "grow": "too long"}[change]
    with pytest.raises(SourceError, match=says) as caught:
        file_tree(open_image(str(archive), cache=cache), cache)
    assert caught.value.exit_code == 4
    assert caught.value.hint


MEASURE = """
import resource, sys
from converter.errors import U2kError
from converter.image import BlobCache, file_tree, open_image
from pathlib import Path
cache = BlobCache(Path(sys.argv[2]))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    tree = file_tree(open_image(sys.argv[1], cache=cache), cache)
    print(sum(inode.size for inode in tree.values()))
except U2kError as error:
    print(type(error).__name__, error)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


def measured(archive: str | Path, cache: BlobCache, **environment: str) -> tuple[str, int, int]:
    """(result, growth of resident memory in MiB, MiB of disk used) of reading an archive in a new process."""
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(archive), str(cache.root)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, **environment},
    )
    result, grown = done.stdout.splitlines()
    used = sum(path.stat().st_blocks * 512 for path in cache.root.rglob("*") if path.is_file())
    return result, int(grown), used >> 20


def zeros_layer(size: int) -> tuple[bytes, str]:
    """(gzip of a layer with one file of `size` zeros, its diff_id), without holding it in memory."""
    import hashlib
    import zlib

    info = tarfile.TarInfo("zeros")
    info.size = size
    pack, seen, out = zlib.compressobj(1, wbits=31), hashlib.sha256(), []
    for piece in (info.tobuf(tarfile.GNU_FORMAT), *[bytes(1 << 20)] * (size >> 20), bytes(1024)):
        seen.update(piece)
        out.append(pack.compress(piece))
    return b"".join(out) + pack.flush(), f"sha256:{seen.hexdigest()}"


def archive_of_stored(where: Path, stored: bytes, diff_id: str) -> Path:
    raw = oci.dumped(
        {"os": "linux", "architecture": "amd64", "rootfs": {"type": "layers", "diff_ids": [diff_id]}}
    )
    manifest = oci.dumped(
        {
            "schemaVersion": 2,
            "config": oci.descriptor(raw, oci.CONFIG),
            "layers": [oci.descriptor(stored, oci.LAYER)],
        }
    )
    blobs = {oci.digest(data): data for data in (raw, stored, manifest)}
    return oci.write_tar(
        where / "bomb.tar", oci.layout(blobs, oci.index(oci.descriptor(manifest, oci.MANIFEST)))
    )


def test_a_gzip_bomb_of_zeros_costs_neither_memory_nor_disk(tmp_path: Path, cache: BlobCache) -> None:
    stored, diff_id = zeros_layer(2 << 30)
    assert len(stored) < 12 << 20
    archive = archive_of_stored(tmp_path, stored, diff_id)
    result, grown, used = measured(archive, cache)
    assert result == str(2 << 30)
    assert grown < 40
    assert used < 2
    again = BlobCache(tmp_path / "again")
    result, grown, used = measured(archive, again, U2K_MAX_LAYER_SIZE="1G")
    assert result.startswith("SourceError layer 1 ")
    assert "larger than 1073741824 bytes" in result
    assert (grown < 40, used) == (True, 0)


def test_a_bomb_of_real_data_is_stopped_by_its_ratio(tmp_path: Path) -> None:
    import dataclasses

    layer = oci.layer(oci.file("a", b"ab" * (8 << 20)))
    cache = BlobCache(tmp_path / "cache", dataclasses.replace(Limits(), unsuspicious=1 << 20))
    with pytest.raises(SourceError, match="decompression bomb") as caught:
        file_tree(open_image(archive_of(tmp_path, layer), cache=cache), cache)
    assert caught.value.hint
    assert "U2K_MAX_LAYER_RATIO" in caught.value.hint


def test_a_sparse_file_of_ten_gigabytes(tmp_path: Path, cache: BlobCache) -> None:
    with (tmp_path / "sparse").open("wb") as stream:
        stream.truncate(10 << 30)
    tar = subprocess.run(
        ["tar", "-C", str(tmp_path), "-S", "-cf", "-", "sparse"], capture_output=True, check=True
    )
    result, grown, used = measured(archive_of(tmp_path, tar.stdout), cache)
    assert result == str(10 << 30)
    assert (grown < 20, used) == (True, 0)


FULL = """
import resource, signal, sys
from pathlib import Path
from converter.cache.folder import default_root
from converter.errors import OutputError
from converter.image import BlobCache, file_tree, open_image
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
cache = BlobCache(Path(sys.argv[2]))
try:
    file_tree(open_image(sys.argv[1], cache=cache), cache)
except OutputError as error:
    print(error.exit_code, error, error.hint)
"""


def test_no_room_for_the_cache(tmp_path: Path, cache: BlobCache) -> None:
    archive = archive_of(tmp_path, oci.layer(oci.file("a", os.urandom(300_000))))
    done = subprocess.run(
        [sys.executable, "-c", FULL, archive, str(cache.root)], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith(f"1 {cache.root}: no space left")
    assert "U2K_CACHE_DIR" in done.stdout
    assert not [path for path in cache.root.rglob("*") if path.is_file()], "nothing half-written stays"


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a tmpfs needs root")
def test_a_disk_that_is_full(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    archive = archive_of(tmp_path, oci.layer(oci.file("a", os.urandom(3_000_000))))
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(disk)], check=False)
    if mounted.returncode:
        pytest.skip("this sandbox allows no mounts")
    try:
        import dataclasses

        for reserve in (0, 64 << 20):
            cache = BlobCache(disk / "cache", dataclasses.replace(Limits(), reserve=reserve))
            with pytest.raises(OutputError, match="no space left"):
                file_tree(open_image(archive, cache=cache), cache)
            assert not [path for path in disk.rglob("*") if path.is_file()]
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_a_cache_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    cache = BlobCache(tmp_path / "file" / "cache")
    with pytest.raises(OutputError, match="cannot write the image cache") as caught:
        file_tree(open_image(archive_of(tmp_path, LAYER), cache=cache), cache)
    assert caught.value.hint


def test_parallel_processes_share_the_cache(tmp_path: Path, cache: BlobCache) -> None:
    archive = archive_of(tmp_path, oci.layer(oci.file("a", os.urandom(2 << 20))))
    command = [sys.executable, "-c", MEASURE, archive, str(cache.root)]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    assert {process.communicate()[0].split()[0] for process in running} == {str(2 << 20)}
    assert not list((cache.root / "tmp").iterdir())


def test_what_a_killed_process_left_is_swept(tmp_path: Path, cache: BlobCache) -> None:
    folder = cache.temporary_folder()
    for name in ("old", "new"):
        (folder / name).touch()
    os.utime(folder / "old", (0, 0))
    file_tree(open_image(archive_of(tmp_path, LAYER), cache=cache), cache)
    assert [path.name for path in folder.iterdir()] == ["new"]


def test_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("U2K_CACHE_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_root() == tmp_path / "u2k"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert default_root() == Path.home() / ".cache" / "u2k"
    monkeypatch.setenv("U2K_CACHE_DIR", "/elsewhere")
    assert default_root() == Path("/elsewhere")
    monkeypatch.setenv("U2K_MAX_LAYER_SIZE", "2G")
    assert Limits.from_environment().apparent == 2 << 30
    monkeypatch.setenv("U2K_MAX_LAYER_SIZE", "much")
    with pytest.raises(UsageError, match="no size"):
        Limits.from_environment()


def test_holes_are_where_the_zeros_were(tmp_path: Path, cache: BlobCache) -> None:
    data = b"".join(bytes(5000) + os.urandom(3000) for _ in range(50)) + bytes(1 << 20)
    layer = oci.layer(oci.file("a", data))
    tree = file_tree(open_image(archive_of(tmp_path, layer), cache=cache), cache)
    assert tree.read(tree[b"/a"]) == data
    stored = cache.layer_path(oci.digest(layer))
    assert stored.read_bytes() == layer
    assert stored.stat().st_blocks * 512 < len(layer) - (900 << 10)


def test_multi_member_gzip(tmp_path: Path, cache: BlobCache) -> None:
    stored = b"".join(gzip.compress(LAYER[at : at + 700]) for at in range(0, len(LAYER), 700))
    archive = archive_of_stored(tmp_path, stored, oci.digest(LAYER))
    tree = file_tree(open_image(str(archive), cache=cache), cache)
    assert tree.open(tree[b"/a"]).read() == io.BytesIO(b"x" * 10_000).read()
