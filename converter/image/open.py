"""From what the user named to an image, and from the image to its file tree."""

from __future__ import annotations

import logging
from pathlib import Path

from converter.errors import UsageError
from converter.image.archive import open_local
from converter.image.blobs import BlobCache
from converter.image.layer_store import open_layer
from converter.image.layers import Layers
from converter.image.model import Image
from converter.image.platform import Platform
from converter.image.progress import Progress, Silent
from converter.image.reference import DaemonReference, LocalReference, Reference, parse, parse_registry_name
from converter.image.tree import FileTree

_LOG = logging.getLogger("u2k")
SOURCES = ("auto", "archive", "engine", "registry")


def open_image(
    ref: str,
    *,
    platform: Platform | None = None,
    cache: BlobCache | None = None,
    progress: Progress | None = None,
    source: str = "auto",
) -> Image:
    """The image that `ref` names, for `platform` (default linux/amd64).

    `source`: ``archive``, ``engine``, ``registry``; the path of an archive or OCI layout, in which `ref` is a
    name; or ``auto``: an existing file or folder, else the first engine that answers and has the image for
    this platform, else the registry. It is logged what was looked at, and why it was not that.
    Errors: UsageError (not a reference), SourceError (cannot be had), IncompatibleImageError (not for
    this platform, not Linux).
    """
    wanted = platform or Platform()
    blobs = cache or BlobCache()
    shown = progress or Silent()
    if source not in SOURCES:
        return open_local(_in_file(ref, source), wanted, blobs, shown)
    reference = parse_registry_name(ref) if source == "registry" else parse(ref)
    if isinstance(reference, LocalReference):
        if source == "engine":
            raise UsageError("this is a file, not an image of an engine", where=ref)
        _refuse_program(reference.path)
        _LOG.info("%s: a local archive", ref)
        return open_local(reference, wanted, blobs, shown)
    if source == "archive":
        raise UsageError("there is no such file or folder", where=ref, hint="check the path")
    if isinstance(reference, DaemonReference) or source == "engine":
        from converter.image.engine import open_from_engine

        name = reference.name if isinstance(reference, DaemonReference) else ref
        return open_from_engine(name, wanted, blobs, shown)
    if source == "auto" and (found := _in_engine(reference, wanted, blobs, shown)) is not None:
        return found
    from converter.image.registry.pull import open_from_registry

    _LOG.info("%s: from the registry %s", ref, reference.registry)
    return open_from_registry(reference, wanted, blobs, shown)


def _in_file(ref: str, source: str) -> LocalReference:
    """The image `ref` in the file or folder `source`. UsageError when there is no such file."""
    path = Path(source).expanduser()
    if not path.exists():
        names = ", ".join(SOURCES)
        raise UsageError(f"{source!r} is no source", hint=f"give a file that exists, or one of: {names}")
    _refuse_program(path)
    _LOG.info("%s: from the archive %s", ref, path)
    return LocalReference(path, ref)


def _refuse_program(path: Path) -> None:
    """UsageError for an ELF file, which is easily named instead of an archive: a unikernel is one."""
    try:
        with path.open("rb") as file:
            head = file.read(4)
    except OSError:
        return  # a folder; or who reads it says why not
    if head == b"\x7fELF":
        raise UsageError(
            "this is a program, or a unikernel, and no image",
            where=str(path),
            hint="a unikernel runs with u2k run, and u2k explain says what is in it",
        )


def _in_engine(reference: Reference, wanted: Platform, cache: BlobCache, progress: Progress) -> Image | None:
    from converter.image.engine import engine_with, open_from_engine

    name = reference.familiar
    _LOG.info("%s: no file of this name; engines are asked, then the registry", name)
    try:
        there = engine_with(name, wanted)
    except UsageError as error:
        _LOG.info("%s: no engine is asked: %s", name, error)
        return None
    if there is None:
        return None
    _LOG.info("%s: from the engine at %s", name, there)
    return open_from_engine(str(reference), wanted, cache, progress, there)


def file_tree(image: Image, cache: BlobCache | None = None, progress: Progress | None = None) -> FileTree:
    """All layers of `image` as one tree; its `deletions` say what later layers removed.

    Errors: as `layer_store.open_layer` and `layers.Layers.apply`.
    """
    blobs, shown = cache or BlobCache(), progress or Silent()
    layers = Layers()
    for layer in image.layers:
        layers.apply(open_layer(layer, blobs, shown), layer.index, layer.name)
    return layers.tree()
