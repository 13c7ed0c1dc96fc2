"""The unikernel for what a user wants to run: a file as it is, an image converted once and kept."""

from __future__ import annotations

import hashlib
from pathlib import Path

from converter import __version__
from converter.cache import cache_folder
from converter.convert import Options, convert
from converter.errors import UsageError
from converter.image.open import open_image
from converter.image.progress import Progress
from converter.link.manifest import read_manifest
from converter.link.source import combined_digest, source_files


def unikernel_for(what: str, options: Options, progress: Progress) -> Path:
    """A unikernel file for `what`. Errors: as `convert`."""
    path = Path(what)
    if _is_unikernel(path):
        return path
    image = open_image(what, platform=options.platform, source=options.source, progress=progress)
    key = hashlib.sha256(
        "\n".join((image.digest, __version__, repr(options), combined_digest(source_files()))).encode()
    ).hexdigest()
    kept = cache_folder("unikernels") / f"{key[:32]}.u2k"
    if not kept.exists():
        convert(what, kept, options, force=True, progress=progress)
    return kept


def _is_unikernel(path: Path) -> bool:
    """False: it may be an image. UsageError for what is named or begins like a unikernel and is none."""
    named = path.suffix == ".u2k"
    if not path.exists():
        if named:
            raise UsageError("there is no such file", where=str(path), hint="check the path")
        return False
    if path.is_dir():
        return False
    try:
        read_manifest(path)
    except UsageError:
        if named or _is_elf(path):
            raise
        return False
    return True


def _is_elf(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(4) == b"\x7fELF"
    except OSError:
        return False  # who opens it as an image says why
