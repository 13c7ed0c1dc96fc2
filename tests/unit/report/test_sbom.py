"""Bills of materials: valid by the validators of CycloneDX and SPDX, the same bytes each time, and true."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL
from spdx_tools.spdx.parser.parse_anything import parse_file
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

from converter.analyze.packages.database import read_packages
from converter.analyze.packages.languages.model import LanguagePackage
from converter.analyze.packages.model import Distribution, Package
from converter.errors import UsageError
from converter.image.tree import FileTree
from converter.report.licence import spdx_expression
from converter.report.purl import language_url, package_url
from converter.report.sbom import Bill, Format, bill_of
from converter.report.sbom_cyclonedx import cyclonedx
from converter.report.sbom_spdx import spdx
from tests.builders.elves import elf
from tests.builders.go import build_info, go_program
from tests.builders.trees import program, regular, tree_of

STATUS = b"""Package: libc6
Status: install ok installed
Architecture: amd64
Source: glibc (2.36-9)
Version: 2.36-9+deb12u1
Depends: libgcc-s1

Package: libgcc-s1
Status: install ok installed
Architecture: amd64
Version: 12

Package: db
Status: install ok installed
Architecture: amd64
Version: 1:2~rc1
Depends: libc6
"""
COPYRIGHT = b"""Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Files: *
License: GPL-2+
 text
Files: b
License: Expat
"""


def jar() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("META-INF/maven/a.b/c/pom.properties", "groupId=a.b\nartifactId=c\nversion=1\n")
    return out.getvalue()


IMAGE = tree_of(
    {
        "/etc/os-release": regular(b"ID=debian\nVERSION_ID=12\nPRETTY_NAME=Debian\n"),
        "/usr/lib/libc.so.6": program(elf(soname=b"libc.so.6")),
        "/usr/bin/db": program(elf(interpreter=b"/ld.so", entry=64)),
        "/usr/lib/libgcc_s.so.1": regular(elf()),
        "/app/\xe9 server": program(go_program(build_info())),
        "/usr/share/doc/libc6/copyright": regular(COPYRIGHT),
        "/var/lib/dpkg/status": regular(STATUS),
        "/var/lib/dpkg/info/libc6:amd64.list": regular(b"/usr/lib/libc.so.6\n"),
        "/var/lib/dpkg/info/libgcc-s1:amd64.list": regular(b"/usr/lib/libgcc_s.so.1\n"),
        "/var/lib/dpkg/info/db.list": regular(b"/usr/bin/db\n"),
        **{
            f"/app/{where}node_modules/@s/b/package.json": regular(
                b'{"name": "@s/b", "version": "1.0.0", "license": "MIT"}'
            )
            for where in ("", "node_modules/a/")
        },
        "/app/lib.jar": regular(jar()),
        "/app/gone/node_modules/c/package.json": regular(b'{"name": "c", "version": "1.0.0"}'),
    }
)
ROOT = IMAGE.without([b"/var", b"/usr/share", b"/usr/lib/libgcc_s.so.1", b"/app/gone"])
LIBC = "pkg:deb/debian/libc6@2.36-9%2Bdeb12u1?arch=amd64&distro=debian-12"
DB = "pkg:deb/debian/db@1:2~rc1?arch=amd64&distro=debian-12"


def bill(root: FileTree = ROOT, image: FileTree = IMAGE) -> Bill:
    return bill_of(
        "db:1",
        "sha256:" + "0" * 64,
        root,
        read_packages(image),
        image,
        tool_version="1.0",
        parts=("erofs", "vfs"),
    )


EMPTY = tree_of({"/x": regular(b"data")})
BILLS = {"full": bill, "empty": lambda: bill(EMPTY, EMPTY)}


@pytest.mark.parametrize("what", BILLS)
def test_cyclonedx_is_valid(what: str) -> None:
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(cyclonedx(BILLS[what]())) is None


@pytest.mark.parametrize("what", BILLS)
def test_spdx_is_valid(what: str, tmp_path: Path) -> None:
    path = tmp_path / "x.spdx.json"
    path.write_text(spdx(BILLS[what]()))
    assert validate_full_spdx_document(parse_file(str(path))) == []


def test_a_bill_names_what_is_left_and_nothing_else() -> None:
    found = bill()
    assert [(entry.url, entry.depends) for entry in found.packages] == [(DB, (LIBC,)), (LIBC, ())]
    assert {file.path: file.owner for file in found.binaries} == {
        "/usr/lib/libc.so.6": LIBC,
        "/usr/bin/db": DB,
        "/app/\xe9 server": None,
    }
    assert found.packages[1].licences == ("Expat", "GPL-2+")


def test_what_cyclonedx_says() -> None:
    document = json.loads(cyclonedx(bill()))
    components = {component["bom-ref"]: component for component in document["components"]}
    assert document["metadata"]["component"]["version"] == "sha256:" + "0" * 64
    assert "timestamp" not in document["metadata"]
    assert [each["value"] for each in components["u2k-libos"]["properties"]] == ["erofs", "vfs"]
    assert components["os:debian"]["version"] == "12"
    assert components[LIBC]["components"][0]["name"] == "/usr/lib/libc.so.6"
    assert components["pkg:golang/github.com/a/b@v1.2.3"]["version"] == "v1.2.3"
    on = {each["ref"]: each["dependsOn"] for each in document["dependencies"]}
    assert on[DB] == [LIBC]
    languages = {"pkg:npm/%40s/b@1.0.0", "pkg:maven/a.b/c@1"}
    assert set(on["unikernel"]) == {"u2k-libos", LIBC, DB, "file:/app/\xe9 server", *languages}
    npm, java = (components[url] for url in sorted(languages, reverse=True))
    assert (npm["name"], npm["licenses"]) == ("@s/b", [{"license": {"name": "MIT"}}])
    assert [each["location"] for each in npm["evidence"]["occurrences"]] == [
        "/app/node_modules/@s/b/package.json",
        "/app/node_modules/a/node_modules/@s/b/package.json",
    ]
    assert (java["group"], java["name"], java["version"]) == ("a.b", "c", "1")
    assert "pkg:golang/stdlib@1.22.1" in on["file:/app/\xe9 server"]


def test_what_spdx_says() -> None:
    document = json.loads(spdx(bill()))
    packages = {package["name"]: package for package in document["packages"]}
    assert packages["libc6"]["licenseDeclared"] == "GPL-2.0-or-later AND MIT"
    assert packages["libc6"]["externalRefs"][0]["referenceLocator"] == LIBC
    assert packages["libc6"]["sourceInfo"] == "built from glibc 2.36-9"
    assert packages["u2k-libos"]["licenseDeclared"] == "Apache-2.0"
    assert packages["a.b:c"]["sourceInfo"] == "found in /app/lib.jar"
    assert packages["@s/b"]["licenseDeclared"] == "MIT"
    files = {file["fileName"]: file["SPDXID"] for file in document["files"]}
    relations = {
        (each["spdxElementId"], each["relationshipType"], each["relatedSpdxElement"])
        for each in document["relationships"]
    }
    assert ("SPDXRef-DOCUMENT", "DESCRIBES", "SPDXRef-Unikernel") in relations
    assert (files["./usr/bin/db"], "EXPANDED_FROM_ARCHIVE", packages["db"]["SPDXID"]) in relations
    assert (packages["db"]["SPDXID"], "DEPENDS_ON", packages["libc6"]["SPDXID"]) in relations
    assert document["creationInfo"]["created"] == "1970-01-01T00:00:00Z"


def test_equal_contents_give_equal_bytes_and_other_contents_another_serial(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert (cyclonedx(bill()), spdx(bill())) == (cyclonedx(bill()), spdx(bill()))
    assert bill().serial != bill(ROOT.without([b"/app"])).serial
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    assert json.loads(cyclonedx(bill()))["metadata"]["timestamp"] == "2023-11-14T22:13:20Z"
    assert json.loads(spdx(bill()))["creationInfo"]["created"] == "2023-11-14T22:13:20Z"


def test_without_a_source_date_it_is_the_images_own() -> None:
    def dated(created: str) -> str | None:
        packages = read_packages(IMAGE)
        return bill_of("x", "sha256:0", ROOT, packages, IMAGE, tool_version="1", created=created).created

    assert dated("2026-11-25T04:05:06.789123456Z") == "2026-11-25T04:05:06Z"
    assert dated("2026-11-25T04:05:06+01:00") == "2026-11-25T03:05:06Z"
    assert [
        dated(text) for text in ("", "yesterday", "2026-11-25T04:05:06", "0001-01-01T00:00:00+23:59")
    ] == [None] * 4


def test_what_could_not_be_read_is_told() -> None:
    image = tree_of({"/lib/a-1.dist-info/METADATA": regular(b"Name: x\nVersion: 1\n" + bytes(4 << 20))})
    found = bill(image, image)
    (said,) = json.loads(cyclonedx(found))["metadata"]["properties"]
    assert said["value"] == "/lib/a-1.dist-info/METADATA: 4194323 bytes are more than is read"
    assert "are more than is read" in json.loads(spdx(found))["comment"]
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(cyclonedx(found)) is None


@pytest.mark.parametrize("text", ["soon", "99999999999999999999", "1.5"])
def test_a_bad_source_date_is_told(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", text)
    with pytest.raises(UsageError, match="SOURCE_DATE_EPOCH"):
        bill()


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("x.spdx.json", Format.SPDX),
        ("SPDX.json", Format.SPDX),
        ("bom.json", Format.CYCLONEDX),
        ("x.cdx.json", Format.CYCLONEDX),
    ],
)
def test_the_file_name_says_the_format(name: str, wanted: Format) -> None:
    assert Format.of(Path("/spdx/") / name) is wanted


# The examples of the purl specification's own test suite.
@pytest.mark.parametrize(
    ("package", "distribution", "url"),
    [
        (
            Package("deb", "attr", "1:2.4.47-2", "source"),
            Distribution("debian"),
            "pkg:deb/debian/attr@1:2.4.47-2?arch=source",
        ),
        (
            Package("rpm", "curl", "7.50.3-1.fc25", "i386"),
            Distribution("fedora", "25"),
            "pkg:rpm/fedora/curl@7.50.3-1.fc25?arch=i386&distro=fedora-25",
        ),
        (
            Package("rpm", "perl-Thread-Queue", "1:3.14-457.el8", "noarch"),
            None,
            "pkg:rpm/perl-Thread-Queue@3.14-457.el8?arch=noarch&epoch=1",
        ),
        (
            Package("apk", "curl", "7.83.0-r0", "x86"),
            None,
            "pkg:apk/alpine/curl@7.83.0-r0?arch=x86",
        ),
        (Package("deb", "libstdc++6", "12", ""), None, "pkg:deb/debian/libstdc%2B%2B6@12"),
    ],
)
def test_package_urls(package: Package, distribution: Distribution | None, url: str) -> None:
    assert package_url(package, distribution) == url


@pytest.mark.parametrize(
    ("words", "url"),
    [
        (
            ("golang", "google.golang.org", "genproto", "v0.0.0"),
            "pkg:golang/google.golang.org/genproto@v0.0.0",
        ),
        (("golang", "", "stdlib", "1.22"), "pkg:golang/stdlib@1.22"),
        (("pypi", "", "Foo_Bar.x", "1!2.0+local"), "pkg:pypi/foo-bar.x@1%212.0%2Blocal"),
        (("npm", "@Babel", "Core", "7.0.0-rc.1"), "pkg:npm/%40babel/core@7.0.0-rc.1"),
        (("composer", "Symfony", "Yaml", "v6.4.0"), "pkg:composer/symfony/yaml@v6.4.0"),
        (("maven", "org.Apache", "Log4J", "2.17"), "pkg:maven/org.Apache/Log4J@2.17"),
        (("gem", "", "RedCloth", "4.3"), "pkg:gem/RedCloth@4.3"),
        (("cargo", "", "proc-macro2", "1.0"), "pkg:cargo/proc-macro2@1.0"),
    ],
)
def test_language_urls(words: tuple[str, str, str, str], url: str) -> None:
    assert language_url(LanguagePackage(*words)) == url
    assert PackageURL.from_string(url).to_string() == url


@pytest.mark.parametrize(
    ("names", "expression"),
    [
        (("GPL-2+", "Expat"), "GPL-2.0-or-later AND MIT"),
        (("LGPL-2.1", "AGPL-3+", "GFDL-1.3+"), "AGPL-3.0-or-later AND GFDL-1.3-or-later AND LGPL-2.1-only"),
        (("MIT",), "MIT"),
        (("GPL-2.0-only",), "GPL-2.0-only"),
        (("Expat", "my own"), None),
        (("public-domain",), None),
        ((), None),
    ],
)
def test_licence_expressions_only_where_they_are_certain(
    names: tuple[str, ...], expression: str | None
) -> None:
    assert spdx_expression(names) == expression
