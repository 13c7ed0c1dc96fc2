"""SARIF 2.1.0 (OASIS, errata 01): findings about images in a form that code scanning services read."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import quote

from converter import __version__
from converter.errors import UsageError

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
# What findings are of: id -> a sentence. The id is stable, since services know a finding again by it.
RULES = {
    "incompatible": "The image cannot become a unikernel.",
    "not-converted": "The image was not converted.",
    "absent-calls": "The program may make system calls that the library OS does not have.",
    "not-closed": "The program may do more than reading its code shows.",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """rule: one of RULES; level: error, warning or note (SARIF 3.27.10).

    image: what it is about; file, line: where that is named, if in a file
    """

    rule: str
    level: str
    message: str
    image: str
    file: str = ""
    line: int = 0


def place_in_file(text: str, option: str) -> tuple[str, int]:
    """`FILE:LINE` or `FILE` as (file, line), line 1 where none is given; empty: nowhere. UsageError."""
    name, colon, number = text.rpartition(":")
    if not colon or not number.isdecimal():
        name, number = text, "1" if text else "0"
    path = PurePosixPath(name)
    if text and (not name or path.is_absolute() or ".." in path.parts or int(number) < 1):
        raise UsageError(
            f"{text!r} is no place in a file of a repository", where=option, hint="write it as Dockerfile:3"
        )
    return name, int(number)


def sarif_log(findings: Iterable[Finding], *, successful: bool) -> str:
    """A log with one run. successful: whether u2k could do its work, whatever it found (3.20.14)."""
    found = list(findings)
    rules = sorted({each.rule for each in found})
    driver = {
        "name": "u2k",
        "semanticVersion": _semantic(__version__),
        "rules": [{"id": rule, "shortDescription": {"text": RULES[rule]}} for rule in rules],
    }
    run = {
        "tool": {"driver": driver},
        "invocations": [{"executionSuccessful": successful}],
        "results": [_result(each, rules) for each in found],
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _result(finding: Finding, rules: Sequence[str]) -> dict[str, object]:
    location: dict[str, object] = {"logicalLocations": [{"name": finding.image, "kind": "image"}]}
    if finding.file:
        # Services show what has a place in a file; uriBaseId would need one that is known to them.
        physical: dict[str, object] = {"artifactLocation": {"uri": quote(finding.file, safe="/")}}
        if finding.line:
            physical["region"] = {"startLine": finding.line}
        location["physicalLocation"] = physical
    return {
        "ruleId": finding.rule,
        "ruleIndex": rules.index(finding.rule),
        "level": finding.level,
        "message": {"text": f"{finding.image}: {finding.message}"},
        "locations": [location],
    }


def _semantic(version: str) -> str:
    """Three numbers, as SemVer wants them (3.19.12)."""
    return ".".join([*version.split("."), "0", "0"][:3])
