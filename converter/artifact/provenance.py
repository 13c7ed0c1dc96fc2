"""How a unikernel was made, as others check it: an in-toto statement (v1) with SLSA provenance (v1).

https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md, https://slsa.dev/spec/v1.0/provenance.
All of it follows from the unikernel file, so that whoever has the file can say the same; there are no times
in it.
"""

from __future__ import annotations

import json
from importlib import metadata
from pathlib import Path

from converter.errors import UsageError
from converter.image.digest import file_digest
from converter.link.manifest import Manifest, read_manifest

STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://slsa.dev/provenance/v1"
_IMAGE = "application/vnd.oci.image.manifest.v1+json"
_TOOL = "pkg:pypi/u2k"  # a package URL is a URI, and says where the builder's description is


def provenance_of(
    unikernel: Path, shipped: Path | None = None, *, stored: tuple[str, str] | None = None
) -> str:
    """The statement as JSON text, for the unikernel.

    shipped: the file or folder that was made of it, which the statement is about then
    stored:  what it is called in a registry, and the digest of its manifest there: a subject too
    UsageError for a file that is no unikernel, or that another version made.
    """
    manifest = read_manifest(unikernel)
    subject = shipped or unikernel
    files = sorted(path for path in subject.rglob("*") if path.is_file()) if subject.is_dir() else [subject]
    subjects = [_subject(path, path.relative_to(subject.parent).as_posix()) for path in files]
    if stored is not None:
        subjects.append({"name": stored[0], "digest": {"sha256": stored[1].rpartition(":")[2]}})
    statement = {
        "_type": STATEMENT,
        "subject": subjects,
        "predicateType": PREDICATE,
        "predicate": {"buildDefinition": _definition(manifest), "runDetails": _details(manifest)},
    }
    return json.dumps(statement, indent=2, sort_keys=True) + "\n"


def _subject(path: Path, name: str) -> dict[str, object]:
    return {"name": name, "digest": {"sha256": file_digest(path).removeprefix("sha256:")}}


def _definition(manifest: Manifest) -> dict[str, object]:
    algorithm, colon, value = manifest.source_digest.partition(":")
    if not colon:
        raise UsageError("it does not name its image", hint="convert the image again")
    image = {"name": "image", "digest": {algorithm: value}, "mediaType": _IMAGE}
    profile = {"name": "profile", "digest": {"sha256": (manifest.profile_digest or "").rpartition(":")[2]}}
    return {
        "buildType": f"{_TOOL}#convert",
        "externalParameters": {
            "platform": f"{manifest.os}/{manifest.architecture}",
            "target": manifest.target,
            "options": dict(manifest.options),
        },
        "internalParameters": {"parts": list(manifest.parts), "rootOn": manifest.root_on},
        "resolvedDependencies": [image, *([profile] if manifest.profile_digest else []), _compiler()],
    }


def _compiler() -> dict[str, object]:
    return {"name": "compiler", "uri": f"pkg:pypi/ziglang@{metadata.version('ziglang')}"}


def _details(manifest: Manifest) -> dict[str, object]:
    return {"builder": {"id": f"{_TOOL}@{manifest.tool_version}", "version": {"u2k": manifest.tool_version}}}
