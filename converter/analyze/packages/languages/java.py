"""Java's archives: META-INF/maven/*/*/pom.properties as Maven writes it, else the manifest (JAR file).

Archives in an archive (Spring Boot's BOOT-INF/lib, a web archive's WEB-INF/lib) are looked into, one level.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import BinaryIO

from converter.analyze.packages.languages.fields import headers, licences, name
from converter.analyze.packages.languages.model import LanguagePackage
from converter.analyze.packages.languages.zip_file import contents, members

_ARCHIVES = (b".jar", b".war", b".ear")
_MANIFEST = b"META-INF/MANIFEST.MF"
_MAVEN, _PROPERTIES = b"META-INF/maven/", b"/pom.properties"
_TEXT_MAX = 1 << 20
_INNER_MAX = 64 << 20  # bytes of an archive in an archive
_BUDGET = 512 << 20  # bytes of all of them in one
_INNER_COUNT = 2000
_NAMES = ("implementation-title", "bundle-symbolicname", "specification-title", "automatic-module-name")
_VERSIONS = ("implementation-version", "bundle-version", "specification-version")


def is_archive(path: bytes) -> bool:
    return path.lower().endswith(_ARCHIVES)


def read(path: bytes, stream: BinaryIO, size: int, *, inner: bool = False) -> Iterator[LanguagePackage]:
    """Of one archive; `stream` is its file."""
    manifest: dict[str, list[str]] = {}
    found: list[tuple[str, str, str]] = []
    archives = []
    for member in members(stream, size, lambda each: _is_metadata(each) or is_archive(each)):
        if is_archive(member.name):
            archives.append(member)
            continue
        data = contents(stream, member, _TEXT_MAX)
        if data is None:
            continue
        if member.name == _MANIFEST:
            manifest = headers(data)
        elif (artifact := _coordinates(data)) is not None:
            found.append(artifact)
    told = licences([text.partition(";")[0] for text in manifest.get("bundle-license", [])])
    if not found and (artifact := _stated(manifest)) is not None:
        found.append(artifact)
    for group, short, version in found:
        kind = "maven" if group else "generic"
        yield LanguagePackage(kind, group, short, version, path, (path,), told if len(found) == 1 else ())
    budget = 0 if inner else _BUDGET
    for member in archives[:_INNER_COUNT]:
        budget -= member.size
        if budget < 0:
            return
        if (data := contents(stream, member, _INNER_MAX)) is not None:
            yield from read(path, io.BytesIO(data), len(data), inner=True)


def _is_metadata(member: bytes) -> bool:
    return member == _MANIFEST or (member.startswith(_MAVEN) and member.endswith(_PROPERTIES))


def _coordinates(data: bytes) -> tuple[str, str, str] | None:
    """Group, artifact and version of a pom.properties (java.util.Properties, as Maven writes them)."""
    fields = {}
    for line in data.decode("utf-8", "replace").splitlines():
        key, equals, value = line.partition("=")
        if equals and not line.startswith(("#", "!")):
            fields[key.strip()] = value.strip()
    group, artifact, version = (name(fields.get(key)) for key in ("groupId", "artifactId", "version"))
    return (group, artifact, version) if group and artifact and version else None


def _stated(manifest: dict[str, list[str]]) -> tuple[str, str, str] | None:
    """What a manifest calls it, without a group: that is nowhere said for certain."""
    short = next((text for key in _NAMES if (text := _first(manifest, key))), "")
    version = next((text for key in _VERSIONS if (text := _first(manifest, key))), "")
    return ("", short, version) if short and version else None


def _first(manifest: dict[str, list[str]], key: str) -> str:
    return name(manifest.get(key, [""])[0].partition(";")[0])
