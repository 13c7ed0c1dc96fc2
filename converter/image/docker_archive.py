"""What `docker save` writes. Since version 25 it is an OCI layout, too, and is read as that.

The older form: manifest.json lists images, each with its configuration file and its layer tars
(moby image-spec v1.2, "Combined Image JSON + Filesystem Changeset Format"). No digest but the diff_ids
says what the layers should be.
"""

from __future__ import annotations

import hashlib
import json
from typing import BinaryIO

from converter.errors import SourceError, UsageError
from converter.image.config import check_platform, parse_config
from converter.image.document import MAX_CONFIG, MAX_MANIFEST, Document
from converter.image.layout import open_layout
from converter.image.manifest import created_by
from converter.image.members import Members, read_member
from converter.image.model import Image, Layer
from converter.image.platform import Platform
from converter.image.reference import same_image

_MEDIA_TYPE = "application/vnd.docker.image.rootfs.diff.tar"


def open_archive(members: Members, tag: str | None, wanted: Platform, reference: str) -> Image:
    """An image out of either form of archive; `tag` is a tag or a whole name, None for the only image.

    Errors: as `open_layout`; SourceError when it is neither form.
    """
    if "index.json" in members:
        return open_layout(members, tag, wanted, reference)
    if "manifest.json" in members:
        return _open_saved(members, tag, wanted, reference)
    raise SourceError(
        "neither an OCI layout (no index.json) nor a docker archive (no manifest.json)",
        where=reference,
        hint="make one with `docker save -o FILE IMAGE` or `skopeo copy ... oci-archive:FILE`",
    )


def _open_saved(members: Members, tag: str | None, wanted: Platform, reference: str) -> Image:
    entry = _chosen(members, tag, reference)
    name = entry.text("Config")
    raw = read_member(members, name, MAX_CONFIG)
    config = parse_config(raw, f"{members.where}, {name}")
    check_platform(config, wanted, reference)
    files = entry.texts("Layers")
    if len(files) != len(config.diff_ids):
        raise SourceError(
            f"manifest.json has {len(files)} layers, the configuration {len(config.diff_ids)}",
            where=reference,
            hint="the archive is damaged; save the image again",
        )

    def opener(file: str) -> BinaryIO:
        return members.open(file)

    made_by = created_by(config)
    layers = tuple(
        Layer(
            index,
            config.diff_ids[index],
            members.size(file),
            _MEDIA_TYPE,
            config.diff_ids[index],
            made_by[index],
            lambda file=file: opener(file),  # type: ignore[misc]  # mypy: cannot infer a default's type
            members.span(file),
        )
        for index, file in enumerate(files)
    )
    # The image's ID, which is the digest of its configuration, stands in for the manifest's digest.
    digest = f"sha256:{hashlib.sha256(raw).hexdigest()}"
    return Image(reference, digest, entry.value, config, layers, raw)


def _chosen(members: Members, tag: str | None, reference: str) -> Document:
    where = f"{members.where}, manifest.json"
    data = read_member(members, "manifest.json", MAX_MANIFEST)
    try:
        # A list at the top: made an object for the checks.
        images = Document({"images": json.loads(data)}, where).objects("images")
    except (ValueError, RecursionError) as error:
        raise SourceError(f"not JSON: {error}", where=where, hint="save the image again") from error
    names = {name for image in images for name in image.texts("RepoTags")}
    found = [
        image
        for image in images
        if tag is None or any(same_image(tag, name) for name in image.texts("RepoTags"))
    ]
    if len(found) == 1:
        return found[0]
    raise UsageError(
        "there are several images in it" if found else f"there is no image {tag or ''} in it",
        where=reference,
        hint=f"name one of: {', '.join(sorted(names)) or 'no names at all'} (docker-archive:FILE:NAME)",
    )
