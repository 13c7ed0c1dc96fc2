"""Packages of programming languages: found by their metadata, left out with their files, and hostile ones."""

from __future__ import annotations

import io
import json
import struct
import zipfile
import zlib
from collections.abc import Mapping

import pytest

from converter.analyze.packages.languages import zip_file
from converter.analyze.packages.languages.find import language_packages
from converter.analyze.packages.languages.model import LanguagePackage
from converter.analyze.packages.languages.rust import read_crates
from converter.image.tree import FileTree
from tests.builders.elves import EXEC, elf
from tests.builders.trees import regular, tree_of

SITE = "/usr/local/lib/python3.11/site-packages"


def found(files: Mapping[str, bytes], gone: tuple[str, ...] = (), owned: tuple[str, ...] = ()) -> list[str]:
    """`KIND TITLE VERSION LICENCES` of what is left when the paths in `gone` are."""
    tree = tree_of({path: regular(data) for path, data in files.items()})
    packages, unread = language_packages(tree, without(tree, gone), {path.encode() for path in owned})
    assert unread == ()
    return [" ".join((each.kind, each.title, each.version, *each.licences)) for each in packages]


def without(tree: FileTree, gone: tuple[str, ...]) -> FileTree:
    return tree.without([path.encode() for path in gone])


def wheel(name: str, version: str, module: str, **more: str) -> dict[str, bytes]:
    lines = [f"Name: {name}", f"Version: {version}", *(f"{key}: {value}" for key, value in more.items())]
    folder = f"{SITE}/{name}-{version}.dist-info"
    record = f"{module}/__init__.py,sha256=x,1\n{name}-{version}.dist-info/METADATA,,\n../../../bin/x,,\n"
    text = "Metadata-Version: 2.1\n" + "\n".join(lines) + "\n\nName: of the description\n"
    return {
        f"{folder}/METADATA": text.encode(),
        f"{folder}/RECORD": record.encode(),
        f"{SITE}/{module}/__init__.py": b"x",
    }


def test_python_wheels() -> None:
    files = wheel("Foo_Bar", "1.0", "foo_bar", License="MIT") | wheel("attrs", "23", "attr")
    classifier = {"Classifier": "License :: OSI Approved :: Apache Software License"}
    files |= wheel("old", "2", "old", License="UNKNOWN", **classifier)
    assert found(files) == ["pypi Foo_Bar 1.0 MIT", "pypi attrs 23", "pypi old 2 Apache Software License"]


def test_a_package_whose_files_are_gone_is_gone_and_one_whose_metadata_are_gone_is_not() -> None:
    files = wheel("foo", "1", "foo") | wheel("bar", "2", "bar")
    assert found(files, gone=(f"{SITE}/foo", f"{SITE}/bar-2.dist-info")) == ["pypi bar 2"]


def test_python_eggs() -> None:
    files = {
        f"{SITE}/six-1.16.egg-info/PKG-INFO": b"Name: six\nVersion: 1.16\n",
        f"{SITE}/six-1.16.egg-info/top_level.txt": b"six\n",
        f"{SITE}/six.py": b"x",
        f"{SITE}/one-2.egg-info": b"Name: one\nVersion: 2\n",
        f"{SITE}/none.egg-info": b"Name: none\n",
    }
    assert found(files) == ["pypi one 2", "pypi six 1.16"]
    assert found(files, gone=(f"{SITE}/six.py",)) == ["pypi one 2"]


def test_lists_that_go_on_are_read_so_far() -> None:
    folder = f"{SITE}/x-1.dist-info"
    files = {f"{folder}/METADATA": b"Name: x\nVersion: 1\n" + b"a: b\n" * 500_000, f"{SITE}/a": b""}
    files[f"{folder}/RECORD"] = b"a\n" + b",\n" * 1_000_000
    assert found(files) == ["pypi x 1"]


def test_what_a_distribution_packaged_is_that_package() -> None:
    files = wheel("foo", "1", "foo")
    assert found(files, owned=(f"{SITE}/foo-1.dist-info/METADATA",)) == []


def npm(path: str, **fields: object) -> dict[str, bytes]:
    return {f"{path}/package.json": json.dumps(fields).encode(), f"{path}/index.js": b"x"}


def test_npm() -> None:
    files = npm("/app/node_modules/a", name="a", version="1.0.0", license="ISC")
    files |= npm("/app/node_modules/@s/b", name="@s/b", version="2.0.0", licenses=[{"type": "MIT"}])
    files |= npm("/app/node_modules/a/node_modules/c", name="c", version="3.0.0")
    files |= npm("/app/node_modules/a/lib", name="no package", version="1")
    files |= npm("/app", name="app", version="1.0.0")
    assert found(files) == ["npm a 1.0.0 ISC", "npm c 3.0.0", "npm @s/b 2.0.0 MIT"]
    gone = ("/app/node_modules/a/index.js", "/app/node_modules/a/package.json", "/app/node_modules/a/lib")
    assert found(files, gone=gone) == ["npm c 3.0.0", "npm @s/b 2.0.0 MIT"]


def test_gems() -> None:
    spec = b"""# -*- encoding: utf-8 -*-
Gem::Specification.new do |s|
  s.name = "nokogiri".freeze
  s.version = "1.15.4"
  s.platform = Gem::Platform.new("x86_64-linux")
  s.licenses = ["MIT".freeze, "Ruby".freeze]
end
"""
    base = "/usr/local/bundle"
    files = {
        f"{base}/specifications/nokogiri-1.15.4-x86_64-linux.gemspec": spec,
        f"{base}/gems/nokogiri-1.15.4-x86_64-linux/lib/nokogiri.rb": b"x",
        f"{base}/gems/nokogiri-1.15.4-x86_64-linux/nokogiri.gemspec": spec,
    }
    assert found(files) == ["gem nokogiri 1.15.4 MIT Ruby"]


@pytest.mark.parametrize("wrapped", [True, False])
def test_composer(wrapped: bool) -> None:
    entries = [
        {"name": "symfony/yaml", "version": "v6.4.0", "license": ["MIT"], "install-path": "../symfony/yaml"},
        {"name": "monolog/monolog", "version": "3.5.0"},
        {"name": "nonsense", "version": "1"},
        "nonsense",
    ]
    files = {
        "/srv/vendor/composer/installed.json": json.dumps(
            {"packages": entries} if wrapped else entries
        ).encode(),
        "/srv/vendor/symfony/yaml/Yaml.php": b"x",
        "/srv/vendor/monolog/monolog/src/Logger.php": b"x",
    }
    assert found(files) == ["composer monolog/monolog 3.5.0", "composer symfony/yaml v6.4.0 MIT"]
    assert found(files, gone=("/srv/vendor/monolog",)) == ["composer symfony/yaml v6.4.0 MIT"]


def archive(members: Mapping[str, bytes], before: bytes = b"") -> bytes:
    out = io.BytesIO()
    out.write(before)
    with zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED) as jar:
        for name, data in members.items():
            jar.writestr(name, data)
    return out.getvalue()


PROPERTIES = b"#Created by Apache Maven 3.8\ngroupId=org.example\nartifactId=lib\nversion=1.2\n"
MAVEN = "META-INF/maven/org.example/lib/pom.properties"


def test_jars() -> None:
    inner = archive({MAVEN: PROPERTIES, "a.class": b"x" * 5000})
    manifest = b"Manifest-Version: 1.0\r\nImplementation-Title: tool\r\nImplementation-Version: 3\r\n\r\n"
    bundle = b"Bundle-SymbolicName: com.x.y;singleton:=true\nBundle-Version: 5\nBundle-License: Apache-2.0\n"
    files = {
        "/app/lib.jar": inner,
        "/app/boot.war": archive(
            {"WEB-INF/lib/lib.jar": inner, "META-INF/MANIFEST.MF": manifest}, b"#!/bin/sh\n"
        ),
        "/app/bundle.jar": archive({"META-INF/MANIFEST.MF": bundle}),
        "/app/none.jar": archive({"a.class": b"x"}),
    }
    assert found(files) == [
        "generic com.x.y 5 Apache-2.0",
        "generic tool 3",
        "maven org.example:lib 1.2",
        "maven org.example:lib 1.2",
    ]
    assert found(files, gone=("/app/boot.war", "/app/bundle.jar")) == ["maven org.example:lib 1.2"]


def with_section(name: bytes, data: bytes) -> bytes:
    """An ELF file with one section behind its segments (gABI, Section Header Table)."""
    start = elf(kind=EXEC, entry=64, dynamic=False)
    names = b"\0" + name + b"\0.shstrtab\0"
    at = len(start)
    headers = bytes(64)
    for offset, length, label in ((at, len(data), 1), (at + len(data), len(names), len(name) + 2)):
        headers += struct.pack("<IIQQQQIIQQ", label, 1, 0, 0, offset, length, 0, 0, 1, 0)
    body = start + data + names + headers
    table = struct.pack("<Q", at + len(data) + len(names))
    return body[:40] + table + body[48:58] + struct.pack("<HHH", 64, 3, 2) + body[64:]


def crates(document: object) -> bytes:
    return with_section(b".dep-v0", zlib.compress(json.dumps(document).encode()))


def read(data: bytes) -> list[str]:
    return [f"{each.kind} {each.name} {each.version}" for each in read_crates(io.BytesIO(data), len(data))]


def test_crates() -> None:
    packages = [
        {"name": "serde", "version": "1.0.1", "source": "crates.io"},
        {"name": "cc", "version": "1.0", "source": "crates.io", "kind": "build"},
        {"name": "app", "version": "0.1.0", "source": "local", "root": True, "dependencies": [0]},
    ]
    assert read(crates({"packages": packages})) == ["cargo app 0.1.0", "cargo serde 1.0.1"]
    assert read(elf(kind=EXEC, entry=64, dynamic=False)) == []


@pytest.mark.parametrize(
    "data",
    [
        crates([]),
        crates({"packages": [1, {"name": 2}, {"name": "x y", "version": "1"}]}),
        with_section(b".dep-v0", b"no zlib"),
        with_section(b".dep-v0", zlib.compress(b"[" * 100_000)),
        crates({"packages": []})[:-70],
        b"\x7fELF" + b"\xff" * 200,
        b"",
    ],
)
def test_crates_that_make_no_sense(data: bytes) -> None:
    assert read(data) == []


def test_a_crate_list_that_unpacks_to_more_than_is_read() -> None:
    assert read(with_section(b".dep-v0", zlib.compress(bytes(64 << 20)))) == []


HOSTILE: dict[str, dict[str, bytes]] = {
    "deep": {"/a/node_modules/x/package.json": b'{"a":' * 100_000},
    "types": {"/a/node_modules/x/package.json": b'{"name": 3, "version": ["1"]}'},
    "list": {"/a/node_modules/x/package.json": b"[]"},
    "long": {"/a/node_modules/x/package.json": json.dumps({"name": "x" * 5000, "version": "1"}).encode()},
    "lines": {f"{SITE}/x-1.dist-info/METADATA": b"Name: a\x1b[0m\nVersion: 1\n"},
    "csv": {f"{SITE}/x-1.dist-info/METADATA": b"Name: \nVersion: 1\n", f"{SITE}/x-1.dist-info/RECORD": b'"'},
    "composer": {"/v/composer/installed.json": b'{"packages": {"a": 1}}'},
    "gem": {"/g/specifications/x.gemspec": b"s.name = " + b'"' * 10_000},
    "lines without end": {"/g/specifications/x.gemspec": b"\n" * 1_000_000},
    "blanks without end": {"/g/specifications/x.gemspec": b" " * 1_000_000},
    "no zip": {"/a.jar": b"PK\5\6" + b"\xff" * 18},
    "zip bomb": {"/a.jar": archive({MAVEN: bytes(64 << 20)})},
    "cut zip": {"/a.jar": archive({MAVEN: PROPERTIES})[40:]},
}


@pytest.mark.parametrize("what", HOSTILE)
def test_hostile_metadata_say_nothing(what: str) -> None:
    assert found(HOSTILE[what]) == []


def test_an_archive_of_millions_of_entries_costs_little(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zip_file, "_ENTRIES_MAX", 10)
    entry = struct.pack("<4s6H3I5H2I", b"PK\1\2", 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
    count, seen = 1000, []
    end = struct.pack("<4s4HIIH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, count * len(entry), 0, 0)
    data = entry * count + end
    assert list(zip_file.members(io.BytesIO(data), len(data), lambda name: bool(seen.append(name)))) == []
    assert len(seen) == 10


def test_more_metadata_than_is_read_is_told() -> None:
    big = regular(b"Name: x\nVersion: 1\n" + bytes(4 << 20))
    tree = tree_of({f"{SITE}/{number}-1.dist-info/METADATA": big for number in range(10)})
    packages, unread = language_packages(tree, tree, ())
    assert packages == ()
    assert unread[0] == f"{SITE}/0-1.dist-info/METADATA: 4194323 bytes are more than is read"
    assert (len(unread), unread[-1]) == (9, "and 2 more")


def test_more_metadata_than_is_read_together_is_told() -> None:
    some = regular(b"Name: x\nVersion: 1\n" + bytes(3 << 20))
    tree = tree_of({f"{SITE}/{number}-1.dist-info/METADATA": some for number in range(30)})
    packages, unread = language_packages(tree, tree, ())
    assert {each.name for each in packages} == {"x"}
    assert len(unread) == 1
    assert unread[0].startswith("packages of programming languages: ")


def test_titles() -> None:
    assert LanguagePackage("maven", "a.b", "c", "1").title == "a.b:c"
    assert LanguagePackage("npm", "@a", "c", "1").title == "@a/c"
    assert LanguagePackage("gem", "", "c", "1").title == "c"
