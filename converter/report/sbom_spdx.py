"""A bill of materials as SPDX 2.3 JSON (ISO/IEC 5962 and its update).

ELF files of packages are tied to these by EXPANDED_FROM_ARCHIVE: a package whose files were not all analysed
may not CONTAIN any (SPDX 2.3, 7.8).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from converter.report.licence import spdx_expression
from converter.report.purl import language_url
from converter.report.sbom import Bill, BinaryFile, LanguageEntry, PackageEntry

_NONE = "NOASSERTION"
_ROOT, _LIBRARY_OS = "SPDXRef-Unikernel", "SPDXRef-LibraryOS"
_EPOCH = "1970-01-01T00:00:00Z"


def spdx(bill: Bill) -> str:
    """The document, ending in a newline; equal bills give equal bytes.

    `created` is mandatory in SPDX: without SOURCE_DATE_EPOCH it is the epoch itself.
    """
    ids = {entry.url: f"SPDXRef-Package-{number}" for number, entry in enumerate(bill.packages)}
    languages = {entry.url: f"SPDXRef-Language-{number}" for number, entry in enumerate(bill.languages)}
    packages = [_unikernel(bill), _library_os(bill)]
    packages += [_package(entry, ids[entry.url]) for entry in bill.packages]
    packages += [_language(entry, languages[entry.url]) for entry in bill.languages]
    document = {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": bill.name,
        "documentNamespace": f"https://spdx.org/spdxdocs/u2k-{bill.serial}",
        "creationInfo": {
            "created": bill.created or _EPOCH,
            "creators": [f"Tool: u2k-{bill.tool_version}"],
        },
        **({"comment": "not read: " + "; ".join(bill.unread)} if bill.unread else {}),
        "packages": packages,
        "files": [_file(file, number) for number, file in enumerate(bill.binaries)],
        "relationships": [
            {"spdxElementId": one, "relationshipType": kind, "relatedSpdxElement": other}
            for one, kind, other in _relations(bill, ids, languages)
        ],
    }
    return json.dumps(document, indent=2, ensure_ascii=True) + "\n"


def _described(
    identifier: str, name: str, version: str, url: str | None, purpose: str, **more: Any
) -> dict[str, Any]:
    reference = {"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": url}
    return {
        "SPDXID": identifier,
        "name": name,
        **({"versionInfo": version} if version else {}),
        "downloadLocation": _NONE,
        "filesAnalyzed": False,
        "licenseConcluded": _NONE,
        "licenseDeclared": _NONE,
        "copyrightText": _NONE,
        "primaryPackagePurpose": purpose,
        **({"externalRefs": [reference]} if url else {}),
        **more,
    }


def _unikernel(bill: Bill) -> dict[str, Any]:
    return _described(
        _ROOT, bill.name, bill.digest, None, "OPERATING-SYSTEM", comment="unikernel made of a container image"
    )


def _library_os(bill: Bill) -> dict[str, Any]:
    more = {"licenseDeclared": "Apache-2.0", "comment": "parts: " + " ".join(bill.parts)}
    return _described(_LIBRARY_OS, "u2k-libos", bill.tool_version, None, "LIBRARY", **more)


def _package(entry: PackageEntry, identifier: str) -> dict[str, Any]:
    package, more = entry.package, _licences(entry.licences)
    if package.source:
        more["sourceInfo"] = f"built from {package.source} {package.source_version}".rstrip()
    return _described(identifier, package.name, package.version, entry.url, "LIBRARY", **more)


def _language(entry: LanguageEntry, identifier: str) -> dict[str, Any]:
    more = _licences(entry.licences)
    if entry.places:
        more["sourceInfo"] = "found in " + ", ".join(entry.places)
    return _described(identifier, entry.package.title, entry.package.version, entry.url, "LIBRARY", **more)


def _licences(names: Sequence[str]) -> dict[str, Any]:
    if not names:
        return {}
    said = "as the package says: " + "; ".join(names)
    return {"licenseDeclared": spdx_expression(names) or _NONE, "licenseComments": said}


def _file(file: BinaryFile, number: int) -> dict[str, Any]:
    return {
        "SPDXID": f"SPDXRef-File-{number}",
        "fileName": "." + file.path,
        "fileTypes": ["BINARY"],
        "checksums": [
            {"algorithm": "SHA1", "checksumValue": file.sha1},
            {"algorithm": "SHA256", "checksumValue": file.sha256},
        ],
        "licenseConcluded": _NONE,
        "licenseInfoInFiles": [_NONE],
        "copyrightText": _NONE,
        **({"comment": f"build-id {file.build_id}"} if file.build_id else {}),
    }


def _relations(bill: Bill, ids: dict[str, str], languages: dict[str, str]) -> list[tuple[str, str, str]]:
    found = [("SPDXRef-DOCUMENT", "DESCRIBES", _ROOT), (_ROOT, "CONTAINS", _LIBRARY_OS)]
    for entry in bill.packages:
        found.append((_ROOT, "CONTAINS", ids[entry.url]))
        found += [(ids[entry.url], "DEPENDS_ON", ids[other]) for other in entry.depends]
    found += [(_ROOT, "CONTAINS", languages[entry.url]) for entry in bill.languages if entry.places]
    for number, file in enumerate(bill.binaries):
        name = f"SPDXRef-File-{number}"
        if file.owner is None:
            found.append((_ROOT, "OTHER", name))
        else:
            found.append((name, "EXPANDED_FROM_ARCHIVE", ids[file.owner]))
        found += [(name, "STATIC_LINK", languages[language_url(package)]) for package in file.linked]
    return list(dict.fromkeys(found))
