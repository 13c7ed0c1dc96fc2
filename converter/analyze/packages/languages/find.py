"""All packages of programming languages in a tree, and which of them are left in a part of it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterator

from converter.analyze.packages.languages import composer, gem, java, npm, python
from converter.analyze.packages.languages.model import LanguagePackage
from converter.analyze.packages.reading import DatabaseError, Reader
from converter.image.tree import FileKind, FileTree

# Bytes of one file: a composer list of thousands of packages has a few MB, Python's with its README less.
_METADATA_MAX, _LIST_MAX = 4 << 20, 16 << 20
_TOLD = 8
_ARCHIVE_MAX = 1 << 30
_PACKAGES_MAX = 50_000
_NODE_MODULES = b"/node_modules/"


def language_packages(
    image: FileTree, root: FileTree, owned: Collection[bytes]
) -> tuple[tuple[LanguagePackage, ...], tuple[str, ...]]:
    """Those of `image` of which something is in `root`, sorted; and what could not be read, in sentences.

    owned: paths that a package of the distribution has: what such a package brings is that package.
    Raises SourceError when the cached layers are gone.
    """
    found: set[LanguagePackage] = set()
    unread: list[str] = []
    there = [path for path, inode in root.walk() if inode.kind is FileKind.REGULAR]
    try:
        for package in _all(image, root, owned, unread):
            if _is_left(package, there):
                found.add(package)
            if len(found) > _PACKAGES_MAX:
                raise DatabaseError(f"there are more than {_PACKAGES_MAX}")
    except DatabaseError as error:
        unread.append(f"packages of programming languages: {error}")
    return tuple(sorted(found)), (
        *unread[:_TOLD],
        *([f"and {len(unread) - _TOLD} more"] * (len(unread) > _TOLD)),
    )


def _all(
    image: FileTree, root: FileTree, owned: Collection[bytes], unread: list[str]
) -> Iterator[LanguagePackage]:
    reader = Reader(image)
    for path, inode in image.walk():
        if inode.kind is not FileKind.REGULAR or path in owned:
            continue
        if java.is_archive(path):
            if path in root and _fits(path, inode.size, _ARCHIVE_MAX, unread):
                with image.open(inode) as stream:
                    yield from java.read(path, stream, inode.size)
            continue
        kinds = [each for each in (npm, gem, composer, python) if each.is_metadata(path)]
        if not kinds or not _fits(
            path, inode.size, _LIST_MAX if kinds[0] is composer else _METADATA_MAX, unread
        ):
            continue
        data = reader.contents(inode)
        if kinds[0] is python:
            yield from python.read(reader, path, data)
        else:
            yield from kinds[0].read(path, data)


def _fits(path: bytes, size: int, limit: int, unread: list[str]) -> bool:
    if size > limit:
        unread.append(f"{path.decode('utf-8', 'backslashreplace')}: {size} bytes are more than is read")
    return size <= limit


def _is_left(package: LanguagePackage, there: list[bytes]) -> bool:
    """Whether a regular file of it is among `there`, which is sorted."""
    return any(_has(each, there) for each in package.covers)


def _has(path: bytes, there: list[bytes]) -> bool:
    at = bisect_left(there, path)
    if at < len(there) and there[at] == path:
        return True
    folder = path + b"/"
    at = bisect_left(there, folder)
    while at < len(there) and there[at].startswith(folder):
        nested = there[at].find(_NODE_MODULES, len(path))
        if nested < 0:
            return True
        # Another package's, in this one's folder: all of that folder is passed over.
        at = bisect_left(there, there[at][: nested + len(_NODE_MODULES) - 1] + b"0")  # 0 comes after /
    return False
