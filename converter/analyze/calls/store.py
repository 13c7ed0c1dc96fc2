"""Summaries and results on disk, by the digest of what they were made from.

A file is the SHA-256 of its contents, then the contents in the interpreter's own marshal format: the fastest
to read. Marshal is not for foreign data; whoever can write to the user's cache folder could write programs
there as well, and damage is found by the digest. A change of the analysis, of the decoder or of Python makes
new names.
"""

from __future__ import annotations

import hashlib
import marshal
import sys
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from converter.cache.folder import cache_folder, made_once
from converter.errors import OutputError
from converter.image.tree import FileTree, Inode

_CHUNK = 1 << 20
_DIGEST = hashlib.sha256().digest_size
_CALLS = Path(__file__).resolve().parent
_SOURCES = (_CALLS, _CALLS.parent / "data", _CALLS.parent.parent / "elf")


def file_digest(tree: FileTree, inode: Inode) -> bytes:
    """SHA-256 of a file of the image."""
    total = hashlib.sha256()
    with tree.open(inode) as stream:
        while chunk := stream.read(_CHUNK):
            total.update(chunk)
    return total.digest()


def name_of(*parts: bytes) -> str:
    """The name under which something made from `parts` is kept."""
    total = hashlib.sha256(_version())
    for part in parts:
        total.update(len(part).to_bytes(8, "little") + part)
    return total.hexdigest()


@cache
def _version() -> bytes:
    total = hashlib.sha256(f"{sys.version} {metadata.version('iced-x86')}".encode())
    for folder in _SOURCES:
        for path in sorted([*folder.glob("*.py"), *folder.glob("*.toml")]):
            total.update(path.read_bytes())
    return total.digest()


def load(name: str) -> Any:
    """What was kept as `name`, None if there is nothing, or it is damaged, or the cache cannot be read."""
    try:
        data = (_folder() / name).read_bytes()
    except (OSError, OutputError):
        return None
    if hashlib.sha256(data[_DIGEST:]).digest() != data[:_DIGEST]:
        return None
    return marshal.loads(data[_DIGEST:])  # noqa: S302


def save(name: str, value: Any) -> None:
    """Keep `value`, of built-in types, as `name`. A cache that cannot be written to is no error."""
    data = marshal.dumps(value)
    try:
        path = _folder() / name
        path.unlink(missing_ok=True)
        made_once(path, lambda temporary: _write(temporary, data))
    except (OSError, OutputError):
        return


def _write(path: Path, data: bytes) -> None:
    path.write_bytes(hashlib.sha256(data).digest() + data)


def _folder() -> Path:
    return cache_folder("analysis")
