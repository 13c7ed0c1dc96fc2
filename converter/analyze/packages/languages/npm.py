"""npm's packages: a package.json in a folder of node_modules (docs.npmjs.com, package.json and folders)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from converter.analyze.packages.languages.fields import document, licences, name
from converter.analyze.packages.languages.model import LanguagePackage

_METADATA = re.compile(rb"/node_modules/(?:@[^/]+/)?[^/@][^/]*/package\.json$")


def is_metadata(path: bytes) -> bool:
    return _METADATA.search(path) is not None


def read(path: bytes, data: bytes) -> Iterator[LanguagePackage]:
    """Of one package.json."""
    top = document(data)
    if not isinstance(top, dict):
        return
    full, version = name(top.get("name")), name(top.get("version"))
    scope, slash, short = full.rpartition("/")
    if not short or not version or (slash and not scope.startswith("@")) or "/" in scope:
        return
    told = licences(top.get("license")) or licences(top.get("licenses"))
    yield LanguagePackage("npm", scope, short, version, path, (path.rpartition(b"/")[0],), told)
