"""The files of a local archive: a folder, or a tar whose members are found by offset and not copied."""

from __future__ import annotations

import io
import os
import posixpath
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO, Protocol, cast

from converter.errors import SourceError
from converter.image.tree import Span

_MAX_MEMBERS = 100_000  # an archive of images holds some dozen files
_MAX_LINKS = 8


class Members(Protocol):
    """Named files, read-only. Names are relative, `/`-separated."""

    @property
    def where(self) -> str:
        """What errors call the archive."""

    def __contains__(self, name: str) -> bool: ...

    def open(self, name: str) -> BinaryIO:
        """A seekable stream. Errors: SourceError when there is no such file."""

    def size(self, name: str) -> int:
        """In bytes. Errors: as `open`."""

    def span(self, name: str) -> Span | None:
        """Where the file lies in a host file that stays; None when there is none."""


def read_member(members: Members, name: str, limit: int) -> bytes:
    """The whole file. Errors: SourceError when it is missing or longer than `limit` bytes."""
    if members.size(name) > limit:
        raise SourceError(
            f"{name} has {members.size(name)} bytes; at most {limit} make sense", where=members.where
        )
    with members.open(name) as stream:
        return stream.read()


def _missing(name: str, where: str) -> SourceError:
    return SourceError(f"{name} is missing in the archive", where=where, hint="save the image again")


class Folder:
    """An unpacked archive, such as an OCI layout."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self.where = str(root)

    def __contains__(self, name: str) -> bool:
        return (self._root / name).is_file()

    def open(self, name: str) -> BinaryIO:
        try:
            return (self._root / name).open("rb")
        except OSError as error:
            raise _missing(name, self.where) from error

    def size(self, name: str) -> int:
        try:
            return (self._root / name).stat().st_size
        except OSError as error:
            raise _missing(name, self.where) from error

    def span(self, name: str) -> Span | None:
        return Span(0, self.size(name), self._root / name)


class _Section(io.RawIOBase):
    """Some bytes of a file as a stream of its own; reads by offset, so sections do not disturb each other."""

    def __init__(self, handle: int, offset: int, size: int, where: str) -> None:
        super().__init__()
        self._handle, self._offset, self._size, self._where = handle, offset, size, where
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        self._position = max(0, base + offset)
        return self._position

    def read(self, size: int = -1) -> bytes:
        left = max(0, self._size - self._position)
        try:
            data = os.pread(
                self._handle, left if size < 0 else min(size, left), self._offset + self._position
            )
        except OSError as error:
            raise SourceError(f"cannot read the archive: {error.strerror}", where=self._where) from error
        self._position += len(data)
        return data


class TarFile:
    """A tar on disk. `path` is its name if it stays there, else None (a temporary file)."""

    def __init__(self, stream: BinaryIO, path: Path | None, where: str) -> None:
        """Keeps `stream` open. Errors: SourceError when it is no tar archive or a truncated one."""
        self._stream = stream
        self._path = path
        self.where = where
        self._files: Mapping[str, tuple[int, int]] = self._index()

    def _index(self) -> dict[str, tuple[int, int]]:
        files: dict[str, tuple[int, int]] = {}
        links: dict[str, str] = {}
        end = os.fstat(self._stream.fileno()).st_size
        try:
            # Members stand in the file as they are; offset_data tells where.
            with tarfile.open(fileobj=self._stream, mode="r:") as archive:
                for count, member in enumerate(archive):
                    if count > _MAX_MEMBERS:
                        raise SourceError(f"more than {_MAX_MEMBERS} members", where=self.where)
                    name = posixpath.normpath(member.name).lstrip("/")
                    if member.isreg() and not member.issparse():
                        if member.size < 0 or member.offset_data + member.size > end:
                            raise SourceError(
                                f"the archive is truncated inside {name}",
                                where=self.where,
                                hint="save or download it again",
                            )
                        files[name] = (member.offset_data, member.size)
                    elif member.issym():  # docker save before 25: a layer that is in another image, too
                        links[name] = posixpath.normpath(
                            posixpath.join(posixpath.dirname(name), member.linkname)
                        )
                    elif member.islnk():
                        links[name] = posixpath.normpath(member.linkname)
        except (tarfile.TarError, OSError, ValueError, EOFError, OverflowError, RecursionError) as error:
            raise SourceError(
                f"not a sound tar archive: {error}", where=self.where, hint="save or download it again"
            ) from error
        for name in links:
            target = name
            for _ in range(_MAX_LINKS):
                target = links.get(target, target)
            if target in files:
                files.setdefault(name, files[target])
        return files

    def __contains__(self, name: str) -> bool:
        return name in self._files

    def _find(self, name: str) -> tuple[int, int]:
        found = self._files.get(name)
        if found is None:
            raise _missing(name, self.where)
        return found

    def open(self, name: str) -> BinaryIO:
        return cast(BinaryIO, _Section(self._stream.fileno(), *self._find(name), self.where))

    def size(self, name: str) -> int:
        return self._find(name)[1]

    def span(self, name: str) -> Span | None:
        offset, size = self._find(name)
        return None if self._path is None else Span(0, size, self._path, offset)
