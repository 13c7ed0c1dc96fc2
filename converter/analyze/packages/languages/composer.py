"""PHP's packages: vendor/composer/installed.json (getcomposer.org, composer 1 and 2)."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from converter.analyze.packages.languages.fields import document, licences, name
from converter.analyze.packages.languages.model import LanguagePackage


def is_metadata(path: bytes) -> bool:
    return path.endswith(b"/composer/installed.json")


def read(path: bytes, data: bytes) -> Iterator[LanguagePackage]:
    """Of one installed.json: composer 2 has the list in `packages`, composer 1 nothing else."""
    top = document(data)
    entries = top.get("packages") if isinstance(top, dict) else top
    here = path.rpartition(b"/")[0]
    for entry in entries if isinstance(entries, list) else []:
        if not isinstance(entry, dict):
            continue
        vendor, slash, short = name(entry.get("name")).partition("/")
        version = name(entry.get("version"))
        if not slash or not vendor or not short or "/" in short or not version:
            continue
        given = entry.get("install-path")
        install = given if isinstance(given, str) and given else f"../{vendor}/{short}"
        folder = posixpath.normpath(here + b"/" + install.encode("utf-8", "surrogatepass"))
        told = licences(entry.get("license"))
        yield LanguagePackage("composer", vendor, short, version, path, (folder,), told)
