"""Python's distributions: dist-info (PyPA, Recording installed projects), and setuptools' older egg-info."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from itertools import islice

from converter.analyze.packages.languages.fields import headers, licences, name
from converter.analyze.packages.languages.model import LanguagePackage
from converter.analyze.packages.reading import Reader

_UNKNOWN = {"", "UNKNOWN"}  # what distutils wrote for a field that nobody gave
_CLASSIFIER = "License :: "
_COVERED = 64
_ROWS_MAX = 200_000
_NAMES_MAX = 1 << 16  # bytes


def is_metadata(path: bytes) -> bool:
    folder, _, file = path.rpartition(b"/")
    if file == b"METADATA":
        return folder.endswith(b".dist-info")
    return folder.endswith(b".egg-info") if file == b"PKG-INFO" else file.endswith(b".egg-info")


def read(reader: Reader, path: bytes, data: bytes) -> Iterator[LanguagePackage]:
    """Of one METADATA or PKG-INFO file. Raises DatabaseError beyond the reader's budget."""
    fields = headers(data)
    project, version = (name(fields.get(key, [""])[0]) for key in ("name", "version"))
    if not project or not version:
        return
    folder = path if path.endswith(b".egg-info") else path.rpartition(b"/")[0]
    told = [text for key in ("license-expression", "license") for text in fields.get(key, [])]
    if not (given := [text for text in told if text not in _UNKNOWN]):
        given = [
            text.rpartition(" :: ")[2]
            for text in fields.get("classifier", [])
            if text.startswith(_CLASSIFIER) and text.count(" :: ") > 1
        ]
    covers = tuple(_covers(reader, folder))
    yield LanguagePackage("pypi", "", project, version, path, covers or (folder,), licences(given))


def _covers(reader: Reader, folder: bytes) -> Iterator[bytes]:
    """What it installed beside its own folder: the first names in RECORD, or in top_level.txt."""
    site = folder.rpartition(b"/")[0]
    found: dict[bytes, None] = {}
    if (record := reader.read(folder + b"/RECORD")) is not None:
        for first in _first_names(record):
            found[first] = None
            if len(found) > _COVERED:
                break
    elif (names := reader.read(folder + b"/top_level.txt")) is not None:
        for line in names[:_NAMES_MAX].split():
            found |= dict.fromkeys((line, line + b".py"))
    for each in list(found)[:_COVERED]:
        if each not in (b"", b"__pycache__") and not each.endswith((b".dist-info", b".egg-info")):
            yield site + b"/" + each


def _first_names(record: bytes) -> Iterator[bytes]:
    """The first component of each path in a RECORD that is below the folder of all packages."""
    lines = io.TextIOWrapper(io.BytesIO(record), "utf-8", "surrogateescape", newline="")
    try:
        for row in islice(csv.reader(lines), _ROWS_MAX):
            if row and not row[0].startswith(("/", "..")):
                yield row[0].partition("/")[0].encode("utf-8", "surrogateescape")
    except csv.Error:  # a field of more than 128 KiB
        return
