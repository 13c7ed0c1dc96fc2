"""The digest of what converts: u2k's own sources and data, the library OS, the packages that decide bytes.

A version number is not enough: whoever works on u2k changes its code between two releases. Hashing the
sources takes too long for a conversion that is copied, so the digest is kept by what stat(2) says of them.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path

from converter.cache.folder import cache_folder
from converter.errors import OutputError
from converter.libos import libos_root
from converter.output import whole_file

_PACKAGE = Path(__file__).resolve().parents[1]
# Distribution -> module: one reads code, the other compiles and links.
_DEPENDENCIES = {"iced-x86": "iced_x86", "ziglang": "ziglang"}
_HEX = 64


@cache
def tool_digest() -> str:
    """SHA-256 (hexadecimal) over the contents of all these."""
    files = sorted(_sources())
    kept = _stat_digest(files)
    with suppress(OSError, OutputError, UnicodeDecodeError):
        text = (cache_folder("tool") / kept).read_text("ascii")
        if len(text) == _HEX and set(text) <= set("0123456789abcdef"):
            return text
    digest = _content_digest(files)
    # Without a cache it is computed each time.
    with suppress(OutputError), whole_file(cache_folder("tool") / kept, mode=0o644) as file:
        file.write(digest.encode())
    return digest


def _sources() -> Iterator[tuple[str, str, os.stat_result]]:
    """(name that is the same wherever u2k is installed, path, state of the file)."""
    yield from _files(str(_PACKAGE), "converter")
    yield from _files(str(libos_root()), "libos")
    for module in _DEPENDENCIES.values():
        spec = importlib.util.find_spec(module)
        if spec is not None and spec.origin is not None:
            yield f"package/{module}", spec.origin, Path(spec.origin).stat()


def _files(folder: str, name: str) -> Iterator[tuple[str, str, os.stat_result]]:
    """All below, but for what the interpreter compiled. In a wheel the library OS is inside the package."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                if entry.name not in ("__pycache__", "_libos"):
                    yield from _files(entry.path, f"{name}/{entry.name}")
            elif entry.is_file():
                yield f"{name}/{entry.name}", entry.path, entry.stat()


def _stat_digest(files: Iterable[tuple[str, str, os.stat_result]]) -> str:
    """Changes whenever a file is written, replaced, added, removed, or the whole is moved."""
    states = ((path, state.st_size, state.st_mtime_ns, state.st_ino) for _, path, state in files)
    return hashlib.sha256(repr(list(states)).encode()).hexdigest()


def _content_digest(files: Iterable[tuple[str, str, os.stat_result]]) -> str:
    from importlib import metadata

    total = hashlib.sha256()
    for name, path, _ in files:
        total.update(f"{name}\0{hashlib.sha256(Path(path).read_bytes()).hexdigest()}\n".encode())
    for distribution in _DEPENDENCIES:
        total.update(f"{distribution} {metadata.version(distribution)}\n".encode())
    return total.hexdigest()
