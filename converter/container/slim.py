"""Writing a slim container: one layer with a unikernel's root, and what starts its program in it."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from converter.analyze.program import Program
from converter.container.archive import GZIP, StoredLayer, write_archive
from converter.container.configuration import slim_configuration
from converter.container.layer import WrittenLayer, write_layer
from converter.image.model import Image
from converter.image.tree import FileTree
from converter.output import whole_file
from converter.rootfs.engine import with_engine_files

_BASE = "org.opencontainers.image.base.digest"  # OCI image-spec, annotations.md


@dataclass(frozen=True, slots=True)
class SlimContainer:
    """What was written.

    name:   NAME:TAG that engines give it when it is loaded
    digest: of its manifest
    layer:  the only one
    tree:   what is in that
    """

    path: Path
    name: str
    digest: str
    layer: WrittenLayer
    tree: FileTree


def write_slim(
    path: Path, name: str, image: Image, program: Program, tree: FileTree, kept_args: int | None, seccomp: str
) -> SlimContainer:
    """Write the archive `path`, over what is there. Equal input gives equal bytes.

    tree:      the slim root
    kept_args: see `slim_configuration`
    seccomp:   text of the profile that goes with it
    Errors: OutputError, IncompatibleImageError, SourceError when the cached layers are gone.
    """
    whole = with_engine_files(tree)  # engines mount on these, and some do not make them
    with whole_file(path, mode=0o644) as out, tempfile.NamedTemporaryFile(dir=path.parent) as stored:
        layer = write_layer(whole, stored.file)
        stored.file.flush()
        config = slim_configuration(image, program, whole, kept_args, seccomp, layer.diff_id)
        stored_layer = StoredLayer(Path(stored.name), 0, layer.size, layer.digest, GZIP)
        digest = write_archive(out, name, config, [stored_layer], {_BASE: image.digest})
    return SlimContainer(path, name, digest, layer, whole)
