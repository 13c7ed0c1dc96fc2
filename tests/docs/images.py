"""The images that the documentation names: Debian's packages (fixtures/), configured as on Docker Hub.

Names with a version of another distribution stand for the program: what is shown is how u2k treats it.
"""

from __future__ import annotations

import json
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fixtures.build import build
from tests.builders import oci

_NGINX = """\
user www-data;
events {}
http {
    server {
        listen 80;
        root /srv/www;
    }
}
"""
# As the image of Docker Hub, it takes options of the server as well as commands.
_REDIS = """\
#!/bin/sh
set -e
if [ "${1#-}" != "$1" ]; then
    set -- redis-server --protected-mode no "$@"
fi
exec "$@"
"""


@dataclass(frozen=True)
class Named:
    """recipe: whose layers it has, the lowest `layers` of them. run: configuration in place of its own."""

    recipe: str
    run: Mapping[str, Any] | None = None
    layers: int | None = None
    files: Mapping[str, str] = field(default_factory=dict)


_PATH = ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]
IMAGES = {
    "docker.io/library/busybox:1": Named("redis", {"Cmd": ["sh"], "Env": _PATH}, layers=1),
    "docker.io/library/redis:7": Named(
        "redis",
        {
            "Entrypoint": ["docker-entrypoint.sh"],
            "Cmd": ["redis-server", "--protected-mode", "no"],
            "Env": _PATH,
            "User": "redis",
            "WorkingDir": "/data",
            "ExposedPorts": {"6379/tcp": {}},
            "Volumes": {"/data": {}},
        },
        files={"usr/local/bin/docker-entrypoint.sh": _REDIS},
    ),
    "docker.io/library/nginx:1": Named(
        "nginx",
        {
            "Cmd": ["nginx", "-g", "daemon off;"],
            "Env": _PATH,
            "ExposedPorts": {"80/tcp": {}},
            "StopSignal": "SIGQUIT",
        },
        files={"etc/nginx/nginx.conf": _NGINX, "srv/www/index.html": "<h1>hello from nginx</h1>\n"},
    ),
    "docker.io/library/python:3": Named("python", {"Cmd": ["python3"], "Env": _PATH}),
    "localhost:5000/sqlite-batch:1": Named("sqlite-batch"),
    "registry.example/app:1": Named("hello-static"),
    "docker.io/library/app:1": Named("hello-static"),
}


def archive(named: Named, path: Path) -> Path:
    """Write the image as an OCI archive. RecipeError where its packages cannot be had."""
    with tarfile.open(build(named.recipe)) as tar:
        blobs = {
            f"sha256:{member.name.rpartition('/')[2]}": tar.extractfile(member).read()  # type: ignore[union-attr]
            for member in tar.getmembers()
            if member.name.startswith("blobs/sha256/") and member.isfile()
        }
        index = json.loads(tar.extractfile("index.json").read())  # type: ignore[union-attr]
    manifest = json.loads(blobs[index["manifests"][0]["digest"]])
    config = json.loads(blobs[manifest["config"]["digest"]])
    manifest["layers"] = manifest["layers"][: named.layers]
    config["rootfs"]["diff_ids"] = config["rootfs"]["diff_ids"][: named.layers]
    config.pop("history", None)
    if named.run is not None:
        config["config"] = dict(named.run)
    if named.files:
        layer = oci.layer(*(oci.file(name, text.encode(), mode=0o755) for name, text in named.files.items()))
        blobs[oci.digest(layer)] = layer
        manifest["layers"].append(oci.descriptor(layer, "application/vnd.oci.image.layer.v1.tar"))
        config["rootfs"]["diff_ids"].append(oci.digest(layer))
    told = oci.dumped(config)
    manifest["config"] = oci.descriptor(told, manifest["config"]["mediaType"])
    whole = oci.dumped(manifest)
    kept = {each["digest"]: blobs[each["digest"]] for each in manifest["layers"]}
    blobs = {**kept, oci.digest(told): told, oci.digest(whole): whole}
    return oci.write_tar(path, oci.layout(blobs, oci.index(oci.descriptor(whole, oci.MANIFEST))))
