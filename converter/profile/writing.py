"""The profile as JSON: stable order, one form for one value, so that it has a digest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from converter.profile.model import Entries, Profile


def document(profile: Profile) -> dict[str, Any]:
    """The JSON object of schema/profile-1.json. Evidence without detail has no member `detail`."""
    return {
        "schema": profile.schema,
        "tool_version": profile.tool_version,
        "subject": asdict(profile.subject),
        "syscalls": _entries(profile.syscalls),
        "arguments": {choice: _entries(profile.arguments[choice]) for choice in sorted(profile.arguments)},
        "libraries": _entries(profile.libraries),
        "files": _entries(profile.files),
        "sockets": _entries(profile.sockets),
        "open": list(profile.open),
        "unresolved": [asdict(place) for place in sorted(profile.unresolved)],
    }


def _entries(entries: Entries) -> Mapping[str, list[dict[str, str]]]:
    return {
        name: [
            {"kind": each.kind, "source": each.source} | ({"detail": each.detail} if each.detail else {})
            for each in entries[name]
        ]
        for name in sorted(entries)
    }


def profile_text(profile: Profile) -> str:
    """For a file that people read: indented, ends with a line end. ASCII only, so any editor keeps it."""
    return json.dumps(document(profile), indent=1) + "\n"


def profile_bytes(profile: Profile) -> bytes:
    """The canonical form: what is digested and what a unikernel carries.

    It does not say by what name the image was fetched: a unikernel is the same by whatever name.
    """
    nameless = replace(profile, subject=replace(profile.subject, reference=""))
    return json.dumps(document(nameless), separators=(",", ":"), sort_keys=True).encode("ascii")


def profile_digest(profile: Profile) -> str:
    """`sha256:HEX` of the canonical form."""
    return "sha256:" + hashlib.sha256(profile_bytes(profile)).hexdigest()
