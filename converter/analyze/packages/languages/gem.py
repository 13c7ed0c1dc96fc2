"""Ruby's gems: the specifications/*.gemspec that RubyGems writes, Ruby code of a fixed form."""

from __future__ import annotations

import re
from collections.abc import Iterator

from converter.analyze.packages.languages.fields import licences, name
from converter.analyze.packages.languages.model import LanguagePackage

_METADATA = re.compile(rb"/specifications/(?:default/)?[^/]+\.gemspec$")
_FIELD = re.compile(r"^[ \t]*s\.(name|version|platform|licenses|license) = (.*)$", re.MULTILINE)
_TEXT = re.compile(r'"((?:[^"\\]|\\.){0,256})"')


def is_metadata(path: bytes) -> bool:
    return _METADATA.search(path) is not None


def read(path: bytes, data: bytes) -> Iterator[LanguagePackage]:
    """Of one gemspec. The gem's files are in gems/NAME-VERSION beside; a default gem's are in Ruby's own."""
    fields = {key: _TEXT.findall(value) for key, value in _FIELD.findall(data.decode("utf-8", "replace"))}
    gem, version = (name((fields.get(key) or [""])[0]) for key in ("name", "version"))
    if not gem or not version:
        return
    base = path.partition(b"/specifications/")[0]
    folder = base + b"/gems/" + path.rpartition(b"/")[2].removesuffix(b".gemspec")
    told = licences(fields.get("licenses") or fields.get("license"))
    yield LanguagePackage("gem", "", gem, version, path, (folder, path), told)
