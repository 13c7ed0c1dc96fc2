"""The files of a local archive: a folder, or a tar whose members are found by offset and not copied."""

from __future__ import annotations

import io
import os
import posixpath
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO, Protocol, cast

from converter.errors import SourceError
from converter.image.tar_header import TarError
from converter.image.tar_reader import members
from converter.image.tree import Span

_AGAIN = "save or download the archive again"
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


def read_member(archive: Members, name: str, limit: int) -> bytes:
    """The whole file. Errors: SourceError when it is missing or longer than `limit` bytes."""
    if archive.size(name) > limit:
        raise SourceError(
            f"{name} has {archive.size(name)} bytes; at most {limit} make sense",
            where=archive.where,
            hint=_AGAIN,
        )
    with archive.open(name) as stream:
        return stream.read()


def _normal(name: str) -> str:
    return posixpath.normpath(name).lstrip("/")


def _missing(name: str, where: str) -> SourceError:
    return SourceError(f"{name} is missing in the archive", where=where, hint=_AGAIN)


class Folder:
    """An unpacked archive, such as an OCI layout. Names cannot lead out of it; links may (Bazel's do)."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self.where = str(root)

    def _path(self, name: str) -> Path:
        if name.startswith("/") or ".." in name.split("/") or "\0" in name:
            raise _missing(name, self.where)
        return self._root / name

    def __contains__(self, name: str) -> bool:
        return self._path(name).is_file()

    def open(self, name: str) -> BinaryIO:
        try:
            return self._path(name).open("rb")
        except OSError as error:
            raise _missing(name, self.where) from error

    def size(self, name: str) -> int:
        if name not in self:
            raise _missing(name, self.where)
        return self._path(name).stat().st_size

    def span(self, name: str) -> Span | None:
        return Span(0, self.size(name), self._path(name))


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
            raise SourceError(
                f"cannot read the archive: {error.strerror}", where=self._where, hint="try again"
            ) from error
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
        handle = self._stream.fileno()
        end = os.fstat(handle).st_size

        def read_at(offset: int, length: int) -> bytes:
            return os.pread(handle, length, offset)

        try:
            for member in members(read_at, end):
                name, target = (_normal(os.fsdecode(raw)) for raw in (member.name, member.link))
                run = member.runs[0] if member.runs else (0, 0, 0)
                if member.type == "0" and run[1] == member.size:  # else: sparse, in several pieces
                    files[name] = (run[2], member.size)
                elif member.type == "2":  # docker save before 25: a layer that is in another image, too
                    links[name] = _normal(posixpath.join(posixpath.dirname(name), os.fsdecode(member.link)))
                elif member.type == "1":
                    links[name] = target
        except (TarError, OSError) as error:
            raise SourceError(f"not a sound tar archive: {error}", where=self.where, hint=_AGAIN) from error
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
