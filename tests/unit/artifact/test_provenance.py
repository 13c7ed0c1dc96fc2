"""Provenance: a statement of in-toto's form, which names the source, and is the same each time."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from converter.artifact.documents import read_document
from converter.artifact.provenance import provenance_of
from converter.errors import UsageError
from converter.formats.export import export
from converter.image.open import open_image
from tests.builders import oci

DIGESTS = {
    "type": "object",
    "minProperties": 1,
    "patternProperties": {"^sha(256|512)$": {"type": "string", "pattern": "^[0-9a-f]{64,128}$"}},
    "additionalProperties": False,
}
# in-toto attestation v1, spec/v1/resource_descriptor.md: one of uri, digest and content
RESOURCE = {
    "type": "object",
    "anyOf": [{"required": ["uri"]}, {"required": ["digest"]}, {"required": ["content"]}],
    "properties": {
        **{name: {"type": "string"} for name in ("name", "uri", "content", "mediaType", "downloadLocation")},
        "digest": DIGESTS,
        "annotations": {"type": "object"},
    },
    "additionalProperties": False,
}
URI = {"type": "string", "pattern": "^[a-z][a-z0-9+.-]*:"}
# slsa.dev/spec/v1.0/provenance, "Fields"
SCHEMA = {
    "type": "object",
    "required": ["_type", "subject", "predicateType", "predicate"],
    "additionalProperties": False,
    "properties": {
        "_type": {"const": "https://in-toto.io/Statement/v1"},
        "subject": {
            "type": "array",
            "minItems": 1,
            "items": {"allOf": [RESOURCE, {"required": ["digest", "name"]}]},
        },
        "predicateType": {"const": "https://slsa.dev/provenance/v1"},
        "predicate": {
            "type": "object",
            "required": ["buildDefinition", "runDetails"],
            "additionalProperties": False,
            "properties": {
                "buildDefinition": {
                    "type": "object",
                    "required": ["buildType", "externalParameters"],
                    "additionalProperties": False,
                    "properties": {
                        "buildType": URI,
                        "externalParameters": {"type": "object"},
                        "internalParameters": {"type": "object"},
                        "resolvedDependencies": {"type": "array", "items": RESOURCE},
                    },
                },
                "runDetails": {
                    "type": "object",
                    "required": ["builder"],
                    "additionalProperties": False,
                    "properties": {
                        "builder": {
                            "type": "object",
                            "required": ["id"],
                            "properties": {"id": URI, "version": {"type": "object"}},
                        },
                        "metadata": {"type": "object"},
                    },
                },
            },
        },
    },
}


def dependencies(statement: dict[str, Any]) -> dict[str, Any]:
    found = statement["predicate"]["buildDefinition"]["resolvedDependencies"]
    return {each["name"]: each for each in found}


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_it_names_the_source_and_the_file(in_memory: Path, archive: Path) -> None:
    statement = json.loads(provenance_of(in_memory))
    jsonschema.validate(statement, SCHEMA)
    source = open_image(str(archive)).digest
    assert dependencies(statement)["image"]["digest"] == {"sha256": source.removeprefix("sha256:")}
    assert statement["subject"] == [{"name": in_memory.name, "digest": {"sha256": sha256(in_memory)}}]
    assert provenance_of(in_memory) == provenance_of(in_memory)


@pytest.mark.parametrize("form", ["qcow2", "firecracker"])
def test_of_what_was_made_of_it(form: str, in_memory: Path, tmp_path: Path) -> None:
    made = export(in_memory, form, tmp_path / "made")
    statement = json.loads(provenance_of(in_memory, made))
    jsonschema.validate(statement, SCHEMA)
    files = [made] if made.is_file() else sorted(made.iterdir())
    subjects = {each["name"]: each["digest"]["sha256"] for each in statement["subject"]}
    assert subjects == {path.relative_to(tmp_path).as_posix(): sha256(path) for path in files}


def test_what_can_be_attached(in_memory: Path, tmp_path: Path) -> None:
    path = tmp_path / "document"
    for text, kind in (
        ('{"bomFormat": "CycloneDX"}', "application/vnd.cyclonedx+json"),
        ('{"spdxVersion": "SPDX-2.3"}', "application/spdx+json"),
        (provenance_of(in_memory), "application/vnd.in-toto+json"),
    ):
        path.write_text(text)
        assert (read_document(path).kind, read_document(path).data) == (kind, text.encode())
    for text in ("", "[]", "{}", '{"_type": 5}', "[" * 100_000, '{"bomFormat": "x"}'):
        path.write_text(text)
        with pytest.raises(UsageError):
            read_document(path)
    with pytest.raises(UsageError, match="No such file"):
        read_document(tmp_path / "none")


def test_convert_writes_it_with_the_format_that_is_asked_for(archive: Path, tmp_path: Path) -> None:
    from typer.testing import CliRunner

    from converter.cli.main import app

    written = []
    for name in ("a", "b"):
        folder = tmp_path / name
        folder.mkdir()
        words = ["convert", str(archive), "-o", str(folder / "x.qcow2"), "--format", "qcow2"]
        done = CliRunner().invoke(app, [*words, "--provenance", str(folder / "x.json")])
        assert done.exit_code == 0, done.output
        assert sorted(path.name for path in folder.iterdir()) == ["x.json", "x.qcow2"]
        written.append([(folder / file).read_bytes() for file in ("x.json", "x.qcow2")])
    assert written[0] == written[1]
    statement = json.loads(written[0][0])
    assert statement["subject"][0]["digest"]["sha256"] == sha256(tmp_path / "a/x.qcow2")
    assert oci.digest(b"") not in json.dumps(statement)
