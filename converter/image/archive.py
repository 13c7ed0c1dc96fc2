"""A local file or folder as an image: which kind it is, and unpacking a compressed archive first."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

from converter.errors import SourceError
from converter.image.blobs import BlobCache
from converter.image.decompress import compression_of, decompressed
from converter.image.docker_archive import open_archive
from converter.image.members import Folder, TarFile
from converter.image.model import Image
from converter.image.platform import Platform
from converter.image.progress import Progress
from converter.image.reference import LocalReference
from converter.image.spool import spool


def open_local(reference: LocalReference, wanted: Platform, cache: BlobCache, progress: Progress) -> Image:
    """The image in a folder (OCI layout) or a tar (OCI layout or docker archive, maybe compressed).

    Errors: SourceError when it cannot be read or is damaged; otherwise as `open_archive`.
    """
    path = reference.path
    if path.is_dir():
        return open_archive(Folder(path), reference.tag, wanted, str(reference))
    try:
        stream = path.open("rb")
        head = stream.read(6)
        stream.seek(0)
    except OSError as error:
        raise SourceError(
            f"cannot read it: {error.strerror}", where=str(path), hint="check the path"
        ) from error
    if compression_of(head) == "plain":
        members = TarFile(stream, path, str(path))
    else:
        members = TarFile(_unpacked(stream, path, cache, progress), None, str(path))
    return open_archive(members, reference.tag, wanted, str(reference))


def _unpacked(stream: BinaryIO, path: Path, cache: BlobCache, progress: Progress) -> BinaryIO:
    with stream:
        return spool(decompressed(stream, str(path)), cache, progress, path.stat().st_size, str(path))
