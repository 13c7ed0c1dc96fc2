"""An OCI image whose one layer has the unikernel, as urunc runs it.

urunc (https://github.com/urunc-dev/urunc) is told by annotations `com.urunc.unikernel.*`; where an engine
does not hand these on, by /urunc.json in the root, with the values in base64 (docs/package/index.md,
pkg/unikontainers/config.go). It knows guests by kind: ours takes what it gives to `linux`
(pkg/unikontainers/unikernels/linux.go): `console=`, `ip=`, NAME=value, `init=PROGRAM -- ARGUMENTS`, which is
why the image says its argument vector.
"""

from __future__ import annotations

import base64
import io
import json
import re
import tarfile
import tempfile
from pathlib import Path

from converter.container.archive import PLAIN, StoredLayer, write_archive
from converter.formats.shipment import Shipment, check_machine
from converter.image.digest import file_digest
from converter.link.manifest import Manifest

KERNEL = "/unikernel/kernel"
URUNC_FILE = "urunc.json"
_PREFIX = "com.urunc.unikernel."
_BASE_DIGEST = "org.opencontainers.image.base.digest"  # OCI image-spec, annotations.md
_EPOCH = "1970-01-01T00:00:00Z"


class Oci:
    name = "oci"
    description = "an OCI image that urunc runs and container engines load"
    suffix = ".oci.tar"
    cmdline = False

    def check(self, target: str, architecture: str) -> None:
        check_machine(target, architecture, "a container image", ("amd64", "arm64"))

    def write(self, what: Shipment, out: Path) -> None:
        told = urunc_annotations(what.manifest)
        with tempfile.NamedTemporaryFile(dir=out.parent) as stored, out.open("wb") as archive:
            with tarfile.open(fileobj=stored, mode="w", format=tarfile.PAX_FORMAT) as layer:
                _add_layer(layer, what.unikernel, told)
            stored.flush()
            path = Path(stored.name)
            digest = file_digest(path)
            written = StoredLayer(path, 0, path.stat().st_size, digest, PLAIN)
            config = _configuration(what.manifest, told, digest)
            source = {_BASE_DIGEST: what.manifest.source_digest}
            write_archive(archive, f"{_repository(what.name)}:latest", config, [written], {**told, **source})


def urunc_annotations(manifest: Manifest) -> dict[str, str]:
    """What urunc is told."""
    told = {
        "unikernelType": "linux",
        "unikernelVersion": manifest.tool_version,
        "hypervisor": "qemu",
        "binary": KERNEL,
        "mountRootfs": "false",
    }
    if manifest.root_on == "disk":
        told |= {"block": KERNEL, "blkMntPoint": "/"}
    return {_PREFIX + name: value for name, value in told.items()}


def urunc_file(told: dict[str, str]) -> bytes:
    """/urunc.json."""
    values = {name: base64.b64encode(value.encode()).decode() for name, value in told.items()}
    return json.dumps(values, indent=1, sort_keys=True).encode()


def _add_layer(layer: tarfile.TarFile, unikernel: Path, told: dict[str, str]) -> None:
    folder = tarfile.TarInfo(str(Path(KERNEL).parent.relative_to("/")))
    folder.type, folder.mode = tarfile.DIRTYPE, 0o755
    layer.addfile(folder)
    kernel = tarfile.TarInfo(KERNEL[1:])
    kernel.size, kernel.mode = unikernel.stat().st_size, 0o755
    with unikernel.open("rb") as file:
        layer.addfile(kernel, file)
    text = urunc_file(told)
    description = tarfile.TarInfo(URUNC_FILE)
    description.size, description.mode = len(text), 0o644
    layer.addfile(description, io.BytesIO(text))


def _configuration(manifest: Manifest, told: dict[str, str], diff_id: str) -> bytes:
    """OCI image-spec, config.md.

    Variables with blanks or quotes would not survive the kernel's command line: these come from the boot
    record, which has all of them.
    """
    kept = len(manifest.argv) if manifest.entrypoint_args is None else manifest.entrypoint_args
    words = [manifest.path, *manifest.argv[1:]]
    run = {
        "Env": [entry for entry in manifest.env if not re.search(r"[\s\"']", entry)],
        "Entrypoint": words[:kept],
        "Cmd": words[kept:],
        "WorkingDir": manifest.cwd,
        "ExposedPorts": {port: {} for port in manifest.ports},
        "Volumes": {path: {} for path in manifest.volumes},
        "StopSignal": manifest.stop_signal,
        "Labels": told,
    }
    document = {
        "created": _EPOCH,
        "architecture": manifest.architecture,
        "os": manifest.os,
        "config": {name: value for name, value in run.items() if value},
        "rootfs": {"type": "layers", "diff_ids": [diff_id]},
        "history": [{"created": _EPOCH, "created_by": f"u2k {manifest.tool_version}"}],
    }
    return json.dumps(document, indent=1, sort_keys=True).encode()


def _repository(name: str) -> str:
    """`name` as engines let images be called (distribution/reference)."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "unikernel"
