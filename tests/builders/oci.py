"""Images made in memory, for tests: layer tars, OCI layouts, docker archives, all as plain bytes."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"

Entry = tuple[tarfile.TarInfo, bytes]
Files = dict[str, bytes]  # name in the archive -> contents


def entry(name: str, kind: bytes, data: bytes = b"", **fields: Any) -> Entry:
    """A tar member; `fields` are those of tarfile.TarInfo (mode, uid, mtime, linkname, pax_headers...)."""
    info = tarfile.TarInfo(name)
    info.type = kind
    info.size = len(data)
    for field, value in fields.items():
        setattr(info, field, value)
    return info, data


def file(name: str, data: bytes = b"", **fields: Any) -> Entry:
    return entry(name, tarfile.REGTYPE, data, **{"mode": 0o644, **fields})


def directory(name: str, **fields: Any) -> Entry:
    return entry(name, tarfile.DIRTYPE, **{"mode": 0o755, **fields})


def symlink(name: str, target: str, **fields: Any) -> Entry:
    return entry(name, tarfile.SYMTYPE, linkname=target, **{"mode": 0o777, **fields})


def hardlink(name: str, target: str, **fields: Any) -> Entry:
    return entry(name, tarfile.LNKTYPE, linkname=target, **fields)


def whiteout(name: str) -> Entry:
    """Hides `name` of lower layers."""
    above, slash, last = name.rpartition("/")
    return file(f"{above}{slash}.wh.{last}")


def opaque(folder: str) -> Entry:
    """Hides all that lower layers have in `folder`; "" is the root."""
    return file(f"{folder}/.wh..wh..opq" if folder else ".wh..wh..opq")


def layer(*entries: Entry, tar_format: int = tarfile.PAX_FORMAT) -> bytes:
    """A plain layer tar."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tar_format) as archive:
        for info, data in entries:
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def descriptor(data: bytes, media_type: str, **more: Any) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": digest(data), "size": len(data), **more}


def dumped(value: object) -> bytes:
    return json.dumps(value, sort_keys=True).encode()


def config(
    layers: Sequence[bytes],
    *,
    platform: str = "linux/amd64",
    run: Mapping[str, Any] | None = None,
    **more: Any,
) -> bytes:
    """An image configuration for plain `layers`; `run` is its "config" object (Env, Cmd ...)."""
    os, architecture, *variant = platform.split("/")
    return dumped(
        {
            "os": os,
            "architecture": architecture,
            **({"variant": variant[0]} if variant else {}),
            "config": dict(run or {}),
            "rootfs": {"type": "layers", "diff_ids": [digest(data) for data in layers]},
            "history": [{"created_by": f"step {number}"} for number in range(len(layers))],
            **more,
        }
    )


def compressed(data: bytes, how: str) -> bytes:
    """`how`: plain, gzip or zstd."""
    if how == "gzip":
        return gzip.compress(data, 1, mtime=0)
    if how == "zstd":
        import zstandard

        return zstandard.ZstdCompressor(level=1).compress(data)
    return data


def image(
    layers: Sequence[bytes],
    *,
    compression: str = "gzip",
    raw_config: bytes | None = None,
    **configuration: Any,
) -> tuple[dict[str, bytes], bytes]:
    """(blobs by digest, manifest) of an image; the manifest is among the blobs."""
    settings = config(layers, **configuration) if raw_config is None else raw_config
    stored = [compressed(data, compression) for data in layers]
    suffix = "" if compression == "plain" else f"+{compression}"
    manifest = dumped(
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": descriptor(settings, CONFIG),
            "layers": [descriptor(data, LAYER + suffix) for data in stored],
        }
    )
    return {digest(data): data for data in (settings, *stored, manifest)}, manifest


def index(*descriptors: Mapping[str, Any]) -> bytes:
    return dumped({"schemaVersion": 2, "mediaType": INDEX, "manifests": list(descriptors)})


def platform_of(text: str) -> dict[str, str]:
    """The `platform` object of a descriptor."""
    os, architecture, *variant = text.split("/")
    return {"os": os, "architecture": architecture, **({"variant": variant[0]} if variant else {})}


def layout(blobs: Mapping[str, bytes], top: bytes) -> Files:
    """The files of an OCI layout whose index.json is `top`."""
    files = {f"blobs/{name.replace(':', '/')}": data for name, data in blobs.items()}
    return {"oci-layout": b'{"imageLayoutVersion":"1.0.0"}', "index.json": top, **files}


def simple_layout(layers: Sequence[bytes], *, name: str = "test:latest", **options: Any) -> Files:
    """The files of an OCI layout with one image, called `name`."""
    blobs, manifest = image(layers, **options)
    tag = {"org.opencontainers.image.ref.name": name}
    return layout(blobs, index(descriptor(manifest, MANIFEST, annotations=tag)))


def docker_save(layers: Sequence[bytes], *, tags: Sequence[str] = ("test:latest",), **options: Any) -> Files:
    """The files of `docker save` before version 25."""
    settings = config(layers, **options)
    files = {f"{digest(settings)[7:]}.json": settings}
    names = []
    for data in layers:
        names.append(f"{hashlib.sha256(b'id' + data).hexdigest()}/layer.tar")
        files[names[-1]] = data
    entry = {"Config": f"{digest(settings)[7:]}.json", "RepoTags": list(tags), "Layers": names}
    return {**files, "manifest.json": dumped([entry])}


def tar_of(files: Mapping[str, bytes]) -> bytes:
    """An uncompressed archive of `files`."""
    return layer(*(file(name, data) for name, data in files.items()))


def write_tar(path: Path, files: Mapping[str, bytes]) -> Path:
    path.write_bytes(tar_of(files))
    return path


def write_folder(root: Path, files: Mapping[str, bytes]) -> Path:
    for name, data in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
    return root
