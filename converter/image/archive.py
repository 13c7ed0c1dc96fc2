"""A local file or folder as an image: which kind it is, and unpacking a compressed archive first."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

from converter.errors import SourceError
from converter.image.blobs import BlobCache
from converter.image.decompress import compression_of, decompressed
from converter.image.docker_archive import open_archive
from converter.image.members import Folder, Members, TarFile
from converter.image.model import Image
from converter.image.platform import Platform
from converter.image.progress import Progress
from converter.image.reference import LocalReference
from converter.image.spool import spool


def open_local(reference: LocalReference, wanted: Platform, cache: BlobCache, progress: Progress) -> Image:
    """The image in a folder (OCI layout) or a tar (OCI layout or docker archive, maybe compressed).

    Errors: SourceError when it cannot be read or is damaged; otherwise as `open_archive`.
    """
    return open_archive(open_members(reference.path, cache, progress), reference.tag, wanted, str(reference))


def open_members(path: Path, cache: BlobCache, progress: Progress) -> Members:
    """The files of a folder, or of a tar that may be compressed. SourceError when it cannot be read."""
    if path.is_dir():
        return Folder(path)
    try:
        stream = path.open("rb")
        head = stream.read(6)
        stream.seek(0)
    except OSError as error:
        raise SourceError(
            f"cannot read it: {error.strerror}", where=str(path), hint="check the path"
        ) from error
    if compression_of(head) == "plain":
        return TarFile(stream, path, str(path))
    return TarFile(_unpacked(stream, path, cache, progress), None, str(path))


def _unpacked(stream: BinaryIO, path: Path, cache: BlobCache, progress: Progress) -> BinaryIO:
    with stream:
        return spool(decompressed(stream, str(path)), cache, progress, path.stat().st_size, str(path))
