"""Images that share layers with another one: each has one more, with a file of its own, and a variable."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

from tests.builders import oci


def variant(archive: Path, target: Path, name: str) -> Path:
    """`archive` (an OCI layout in a tar, one image) with /etc/variant and VARIANT=NAME, as `target`."""
    with tarfile.open(archive) as tar:
        files = {member.name: _read(tar, member) for member in tar if member.isfile()}
    files = {path.removeprefix("./"): data for path, data in files.items()}
    top = json.loads(files["index.json"])["manifests"][0]
    manifest = json.loads(files.pop(_path(top["digest"])))
    config = json.loads(files.pop(_path(manifest["config"]["digest"])))
    layer = oci.layer(oci.file("etc/variant", name.encode() + b"\n"))
    stored = oci.compressed(layer, "gzip")
    config["rootfs"]["diff_ids"].append(oci.digest(layer))
    config["config"]["Env"] = [*(config["config"].get("Env") or []), f"VARIANT={name}"]
    if "history" in config:
        config["history"].append({"created_by": f"variant {name}"})
    settings = oci.dumped(config)
    manifest["config"] = oci.descriptor(settings, manifest["config"]["mediaType"])
    manifest["layers"].append(oci.descriptor(stored, oci.LAYER + "+gzip"))
    data = oci.dumped(manifest)
    blobs = {oci.digest(each): each for each in (settings, stored, data)}
    tag = {"org.opencontainers.image.ref.name": name}
    layout = oci.layout(blobs, oci.index(oci.descriptor(data, oci.MANIFEST, annotations=tag)))
    return oci.write_tar(target, {**files, **layout})


def _read(tar: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    stream = tar.extractfile(member)
    assert stream is not None
    return stream.read()


def _path(digest: str) -> str:
    return f"blobs/{digest.replace(':', '/')}"
