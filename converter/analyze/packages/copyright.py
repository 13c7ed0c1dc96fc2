"""Licences of Debian packages, out of their copyright files in the machine-readable format (DEP 5)."""

from __future__ import annotations

import re

from converter.analyze.packages.model import Package
from converter.image.tree import FileKind, FileTree

_FORMAT = re.compile(rb"Format(?:-Specification)?:.*(?:copyright-format|dep5)", re.IGNORECASE)
_LICENCE = re.compile(rb"^License:[ \t]*(\S[^\n]*)$", re.MULTILINE | re.IGNORECASE)
_SIZE_MAX = 4 << 20  # bytes
_NAMES_MAX = 64


def licences(tree: FileTree, package: Package) -> tuple[str, ...]:
    """Short names of the licences, as written, sorted; () when nothing readable says them.

    Of RPM and apk packages the database says it. `tree` is the image's, as a slim root has no such files.
    """
    if package.licence:
        return (package.licence,)
    if package.kind != "deb":
        return ()
    found = tree.find(b"/usr/share/doc/" + package.name.encode() + b"/copyright")
    if found is None or found[1].kind is not FileKind.REGULAR or found[1].size > _SIZE_MAX:
        return ()
    data = tree.read(found[1])
    if not _FORMAT.match(data):
        return ()
    names = {match[1].strip().decode("utf-8", "backslashreplace") for match in _LICENCE.finditer(data)}
    return tuple(sorted(names)[:_NAMES_MAX])
