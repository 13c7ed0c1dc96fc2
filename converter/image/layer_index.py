"""What is in a layer: its members with clean paths, and the index file that saves reading them again."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from converter.errors import IncompatibleImageError, SourceError
from converter.image.tar_header import TarError
from converter.image.tar_reader import TarMember, members

_VERSION = 1  # of the index file; another one is not read but made anew
_MAX_PATH = 4095  # bytes, PATH_MAX less the NUL
_MAX_NAME = 255  # bytes, NAME_MAX


class LayerIndex(NamedTuple):
    """A layer's plain tar in `blob`, from `base` on, and its members in order; names are clean paths."""

    blob: Path
    base: int
    members: list[TarMember]


def index_layer(blob: Path, base: int, size: int, where: str) -> list[TarMember]:
    """Reads the tar of `size` bytes at `base` in `blob`.

    Names come out relative to the root, without `.`, `..` and double slashes; b"" is the root.
    Errors: SourceError when it is no tar or a damaged one, IncompatibleImageError for a path that
    leaves the root.
    """
    handle = os.open(blob, os.O_RDONLY)

    def read_at(offset: int, length: int) -> bytes:
        return os.pread(handle, max(0, min(length, size - offset)), base + offset)

    try:
        return [_cleaned(member, where) for member in members(read_at, size)]
    except TarError as error:
        raise SourceError(
            f"not a sound tar archive: {error}", where=where, hint="build or fetch the image again"
        ) from error
    finally:
        os.close(handle)


def _cleaned(member: TarMember, where: str) -> TarMember:
    name = clean_path(member.name, where)
    if member.type == "1":
        return member._replace(name=name, link=clean_path(member.link, where))
    if member.type == "2" and not 0 < len(member.link) <= _MAX_PATH:
        raise refused(where, name, f"a symbolic link with a target of {len(member.link)} bytes")
    if b"\0" in member.link:
        raise refused(where, name, "a link target with a NUL byte")
    return member._replace(name=name)


def clean_path(path: bytes, where: str) -> bytes:
    """`path` relative to the root. A leading slash means the root of the image, as engines have it.

    Errors: IncompatibleImageError when `..` leads out of the root, or a name is too long for Linux.
    """
    parts: list[bytes] = []
    for part in path.split(b"/"):
        if part in (b"", b"."):
            continue
        if part == b"..":
            if not parts:
                raise refused(where, path, "a path out of the root")
            parts.pop()
        elif len(part) > _MAX_NAME:
            raise refused(where, path, f"a file name of {len(part)} bytes (Linux allows {_MAX_NAME})")
        else:
            parts.append(part)
    clean = b"/".join(parts)
    if len(clean) > _MAX_PATH or b"\0" in clean:
        raise refused(where, path, "a path that is too long or has a NUL byte")
    return clean


def refused(where: str, path: bytes, what: str) -> IncompatibleImageError:
    """The error for a member that no file tree can have."""
    shown = path[:300].decode(errors="backslashreplace")
    return IncompatibleImageError(
        f"{what}: {shown!r}", where=where, hint="the layer is damaged or hostile; build the image again"
    )


def dump_index(found: Iterable[TarMember], size: int) -> bytes:
    """The index file: JSON, bytes as Latin-1 text; `size` is that of the plain tar."""
    rows = [
        [
            member.name.decode("latin-1"),
            *member[1:8],
            member.runs,
            member.link.decode("latin-1"),
            member.rdev,
            {key: value.decode("latin-1") for key, value in member.xattrs.items()},
        ]
        for member in found
    ]
    return json.dumps({"version": _VERSION, "size": size, "members": rows}, separators=(",", ":")).encode()


def load_index(path: Path, size: int) -> list[TarMember] | None:
    """The members saved at `path`; None when there is no index that fits a plain tar of `size` bytes."""
    try:
        saved = json.loads(path.read_bytes())
        if saved["version"] != _VERSION or saved["size"] != size:
            return None
        return [_member(*row) for row in saved["members"]]
    except (OSError, ValueError, KeyError, TypeError, IndexError):
        return None  # a cache: what is not readable is made again


def _member(
    name: str,
    kind: str,
    mode: int,
    uid: int,
    gid: int,
    mtime: int,
    mtime_nsec: int,
    size: int,
    runs: list[list[int]],
    link: str,
    rdev: list[int],
    xattrs: dict[str, str],
) -> TarMember:
    return TarMember(
        name.encode("latin-1"),
        kind,
        mode,
        uid,
        gid,
        mtime,
        mtime_nsec,
        size,
        tuple((at, length, offset) for at, length, offset in runs),
        link.encode("latin-1"),
        (rdev[0], rdev[1]),
        {key: value.encode("latin-1") for key, value in xattrs.items()},
    )
