"""A bill of materials as CycloneDX 1.6 JSON (ECMA-424)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from converter.report.purl import language_url
from converter.report.sbom import Bill, BinaryFile, LanguageEntry, PackageEntry

_ROOT, _LIBRARY_OS = "unikernel", "u2k-libos"


def cyclonedx(bill: Bill) -> str:
    """The document, ending in a newline; equal bills give equal bytes."""
    top = [file for file in bill.binaries if file.owner is None]
    components: list[dict[str, Any]] = [_library_os(bill)]
    if bill.distribution is not None:
        components.append(
            {
                "type": "operating-system",
                "bom-ref": f"os:{bill.distribution.id}",
                "name": bill.distribution.id,
                **({"version": bill.distribution.version} if bill.distribution.version else {}),
                **({"description": bill.distribution.name} if bill.distribution.name else {}),
            }
        )
    components += [_package(bill, entry) for entry in bill.packages]
    components += [_file(file) for file in top]
    components += [_language(entry) for entry in bill.languages]
    document = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{bill.serial}",
        "version": 1,
        "metadata": {
            **({"timestamp": bill.created} if bill.created else {}),
            "tools": {"components": [{"type": "application", "name": "u2k", "version": bill.tool_version}]},
            "component": {
                "type": "application",
                "bom-ref": _ROOT,
                "name": bill.name,
                "version": bill.digest,
                "description": "unikernel made of a container image",
            },
            **(
                {"properties": _properties([("u2k:unread", each) for each in bill.unread])}
                if bill.unread
                else {}
            ),
        },
        "components": components,
        "dependencies": _dependencies(bill, top),
    }
    return json.dumps(document, indent=2, ensure_ascii=True) + "\n"


def _library_os(bill: Bill) -> dict[str, Any]:
    return {
        "type": "library",
        "bom-ref": _LIBRARY_OS,
        "name": "u2k-libos",
        "version": bill.tool_version,
        "description": "library operating system of u2k, the parts that are linked in",
        "licenses": [{"license": {"id": "Apache-2.0"}}],
        "properties": _properties([("u2k:part", part) for part in bill.parts]),
    }


def _package(bill: Bill, entry: PackageEntry) -> dict[str, Any]:
    package = entry.package
    properties = [("u2k:source", package.source), ("u2k:source-version", package.source_version)]
    files = [_file(file) for file in bill.binaries if file.owner == entry.url]
    return {
        "type": "library",
        "bom-ref": entry.url,
        "name": package.name,
        "version": package.version,
        **_licences(entry.licences),
        "purl": entry.url,
        **({"components": files} if files else {}),
        "properties": _properties(properties),
    }


def _language(entry: LanguageEntry) -> dict[str, Any]:
    package = entry.package
    scoped = package.kind in ("npm", "golang")  # there the namespace is part of the name
    return {
        "type": "library",
        "bom-ref": entry.url,
        **({"group": package.namespace} if package.namespace and not scoped else {}),
        "name": package.title if scoped else package.name,
        "version": package.version,
        **_licences(entry.licences),
        "purl": entry.url,
        **(
            {"evidence": {"occurrences": [{"location": place} for place in entry.places]}}
            if entry.places
            else {}
        ),
    }


def _licences(names: Sequence[str]) -> dict[str, Any]:
    return {"licenses": [{"license": {"name": name}} for name in names]} if names else {}


def _properties(pairs: Sequence[tuple[str, str | None]]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in pairs if value]


def _file(file: BinaryFile) -> dict[str, Any]:
    properties = [("u2k:build-id", file.build_id), ("u2k:go-version", file.go_version)]
    return {
        "type": "file",
        "bom-ref": f"file:{file.path}",
        "name": file.path,
        "hashes": [{"alg": "SHA-1", "content": file.sha1}, {"alg": "SHA-256", "content": file.sha256}],
        "properties": _properties(properties),
    }


def _dependencies(bill: Bill, top: list[BinaryFile]) -> list[dict[str, Any]]:
    on = [_LIBRARY_OS, *(entry.url for entry in bill.packages), *(f"file:{file.path}" for file in top)]
    on += [entry.url for entry in bill.languages if entry.places]
    found: list[dict[str, Any]] = [{"ref": _ROOT, "dependsOn": on}]
    found += [{"ref": entry.url, "dependsOn": list(entry.depends)} for entry in bill.packages]
    for file in bill.binaries:
        if file.linked:
            urls = sorted({language_url(package) for package in file.linked})
            found.append({"ref": f"file:{file.path}", "dependsOn": urls})
    return found
