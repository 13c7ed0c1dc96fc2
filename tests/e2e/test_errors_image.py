"""Errors of `u2k convert` about what is in an image: its program, its files, its layers. Status 3, or 4."""

from __future__ import annotations

import gzip
import hashlib
import sys
import tarfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.builders import elves, oci
from tests.e2e.refusal import MEBIBYTE, Refuser, ended

STATIC = elves.elf(kind=elves.EXEC, dynamic=False)
DYNAMIC = elves.elf(interpreter=b"/lib/ld.so", needed=[b"libodd.so.1"])
LOADER = oci.file("lib/ld.so", elves.elf(), mode=0o755)
PEAK = 120 * MEBIBYTE  # of an interpreter that has loaded the converter; images of gigabytes add nothing

Refused = Callable[..., str]


def program(data: bytes = STATIC, name: str = "app", mode: int = 0o755) -> oci.Entry:
    return oci.file(name, data, mode=mode)


@pytest.fixture
def refused(tmp_path: Path) -> Refused:
    """The complaint about an image of the given layer entries; its CMD is /app unless `run` says more."""
    refuser = Refuser(tmp_path)

    def complaint(*entries: oci.Entry, status: int = 3, says: tuple[str, ...], **options: Any) -> str:
        options.setdefault("run", {"Cmd": ["/app"]})
        files = oci.simple_layout([oci.layer(*entries)], **options)
        return refuser(oci.write_tar(tmp_path / "image.tar", files), status, *says).stderr

    return complaint


def test_no_program(refused: Refused) -> None:
    refused(program(), run={}, says=("neither ENTRYPOINT nor CMD",))


def test_program_not_found(refused: Refused) -> None:
    refused(says=("/app", "is not in the image"))
    refused(program(), run={"Cmd": ["nginx"]}, says=("'nginx' is not in the image", "PATH="))


def test_program_not_executable(refused: Refused) -> None:
    refused(program(mode=0o644), says=("/app", "not executable for user 0"))
    refused(program(mode=0o700), run={"Cmd": ["/app"], "User": "1000"}, says=("/app", "for user 1000"))
    refused(oci.directory("app"), says=("/app is a directory",))


def test_program_of_another_architecture(refused: Refused) -> None:
    refused(
        program(elves.elf(machine=elves.ARM64, kind=elves.EXEC, dynamic=False)),
        says=("/app", "the program is for arm64", "the image says amd64"),
    )


def test_missing_interpreter(refused: Refused) -> None:
    refused(program(DYNAMIC), says=("/app", "interpreter /lib/ld.so is missing"))


def test_missing_library_and_who_wants_it(refused: Refused) -> None:
    refused(program(DYNAMIC), LOADER, says=("/app", "libodd.so.1"))
    wanting = oci.file(
        "lib/libodd.so.1", elves.elf(soname=b"libodd.so.1", needed=[b"libdeep.so.2"]), mode=0o755
    )
    refused(program(DYNAMIC), LOADER, wanting, says=("libodd.so.1", "libdeep.so.2"))


def test_script_without_its_interpreter(refused: Refused) -> None:
    refused(program(b"#!/usr/bin/perl -w\n"), says=("/app", "/usr/bin/perl"))
    refused(program(b"echo hello\n"), says=("/app", "neither an ELF program nor a script"))


@pytest.mark.parametrize("cut", [8, 40, 64, 100])
def test_corrupt_elf(refused: Refused, cut: int) -> None:
    assert "ELF" in refused(program(STATIC[:cut]), says=("/app",))


def test_layer_path_out_of_the_root(refused: Refused, tmp_path: Path) -> None:
    refused(program(), oci.file("../../evil", b"x"), says=("layer 1", "../../evil"))
    assert not list(tmp_path.rglob("evil"))


def test_a_link_out_of_the_root_is_followed_inside_it(refused: Refused, tmp_path: Path) -> None:
    # Not an error of its own: the kernel would treat it so. The program it leads to is then not there.
    outside = tmp_path / "outside"
    outside.write_bytes(STATIC)
    outside.chmod(0o755)
    refused(oci.symlink("app", f"../../../..{outside}"), says=("/app", "is not in the image"))


def test_symlink_loop(refused: Refused) -> None:
    says = ("/app", "too many levels of symbolic links")
    refused(oci.symlink("app", "b"), oci.symlink("b", "app"), says=says)


def test_bare_whiteout(refused: Refused) -> None:
    refused(program(), oci.file("etc/.wh."), says=("layer 1", ".wh."))


def test_terminal_escapes_are_not_passed_on(refused: Refused) -> None:
    assert "\x1b" not in refused(run={"Cmd": ["/\x1b[2Jgone"]}, says=("gone", "is not in the image"))


def stored_archive(folder: Path, stored: bytes, diff_id: str) -> Path:
    """An image whose one layer is `stored` as it is, with CMD /app."""
    raw = oci.dumped(
        {
            "os": "linux",
            "architecture": "amd64",
            "config": {"Cmd": ["/app"]},
            "rootfs": {"type": "layers", "diff_ids": [diff_id]},
        }
    )
    descriptor = oci.descriptor(stored, oci.LAYER + "+gzip")
    manifest = oci.dumped(
        {"schemaVersion": 2, "config": oci.descriptor(raw, oci.CONFIG), "layers": [descriptor]}
    )
    blobs = {oci.digest(data): data for data in (raw, stored, manifest)}
    return oci.write_tar(
        folder / "bomb.tar", oci.layout(blobs, oci.index(oci.descriptor(manifest, oci.MANIFEST)))
    )


def header(name: str, size: int) -> bytes:
    info = tarfile.TarInfo(name)
    info.size = size
    return info.tobuf(tarfile.GNU_FORMAT)


def test_sparse_file_of_ten_gibibytes(tmp_path: Path) -> None:
    size = 10 << 30
    sparse = oci.file("huge", b"", pax_headers={"GNU.sparse.map": f"{size},0", "GNU.sparse.size": str(size)})
    files = oci.simple_layout([oci.layer(program(), sparse)], run={"Cmd": ["/app"]})
    archive = oci.write_tar(tmp_path / "sparse.tar", files)
    assert Refuser(tmp_path)(archive, 3, "10,7", "MB at most").peak < PEAK
    assert used(tmp_path / "cache") < MEBIBYTE


@pytest.mark.slow
def test_gzip_bomb_of_zeros(tmp_path: Path) -> None:
    """2 GiB out of 2 MiB: unpacked as a hole, found too large for a unikernel; or stopped by a limit."""
    size = 2 << 30
    plain = hashlib.sha256()
    pack = zlib.compressobj(1, wbits=31)
    stored = bytearray()
    zeros = bytes(16 * MEBIBYTE)
    for piece in (header("huge", size), *[zeros] * (size // len(zeros)), bytes(1024)):
        plain.update(piece)
        stored += pack.compress(piece)
    archive = stored_archive(tmp_path, bytes(stored + pack.flush()), f"sha256:{plain.hexdigest()}")
    limited = Refuser(tmp_path)(archive, 4, "layer 1", "larger than 1073741824", U2K_MAX_LAYER_SIZE="1G")
    assert limited.peak < PEAK
    whole = Refuser(tmp_path)(archive, 3)
    assert whole.peak < PEAK
    assert used(tmp_path / "cache") < 8 * MEBIBYTE


@pytest.mark.slow
def test_gzip_bomb_of_data(tmp_path: Path) -> None:
    """10 GiB of one letter as equal gzip members (RFC 1952, 2.2): stopped by its ratio, after 1 GiB."""
    member = gzip.compress(b"A" * (64 * MEBIBYTE), 9, mtime=0)
    stored = gzip.compress(header("huge", 10 << 30), mtime=0) + member * 160
    archive = stored_archive(tmp_path, stored, "sha256:" + "0" * 64)
    assert Refuser(tmp_path)(archive, 4, "layer 1", "decompression bomb").peak < PEAK
    assert used(tmp_path / "cache") < MEBIBYTE


def used(folder: Path) -> int:
    """Bytes of disk."""
    return sum(path.lstat().st_blocks * 512 for path in folder.rglob("*"))


def test_the_peak_is_the_childs(tmp_path: Path) -> None:
    """Were it not, the bounds above would hold whatever the converter did."""
    held = ended([sys.executable, "-c", "x = b'x' * (200 << 20)"], tmp_path)
    assert held.peak > PEAK > ended([sys.executable, "-c", ""], tmp_path).peak
