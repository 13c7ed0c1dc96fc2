"""The unikernel for what a user wants to run: a file as it is, an image converted once and kept."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

from converter import __version__
from converter.cache import cache_folder
from converter.convert import convert
from converter.errors import IncompatibleImageError
from converter.image.open import open_image
from converter.image.progress import Progress
from converter.link.manifest import read_manifest
from converter.link.source import combined_digest, source_files
from converter.options import Options


def unikernel_to_run(what: str, options: Options, progress: Progress) -> tuple[Path, bool]:
    """A unikernel file for the image `what`, and whether it was made for the arguments and environment.

    Mostly these can be given when it runs, so that one file serves all. But an entrypoint script may do
    something else for them, or nothing without them: then there is a file for each. Errors: as `convert`.
    """
    try:
        plain = unikernel_for(what, replace(options, args=(), env=()), progress)
    except IncompatibleImageError:
        if not (options.args or options.env):
            raise
        return unikernel_for(what, options, progress), True
    if read_manifest(plain).entrypoint_args is not None or not (options.args or options.env):
        return plain, False
    return unikernel_for(what, options, progress), True


def unikernel_for(what: str, options: Options, progress: Progress) -> Path:
    """A unikernel file for the image `what`. Errors: as `convert`."""
    image = open_image(what, platform=options.platform, source=options.source, progress=progress)
    key = hashlib.sha256(
        "\n".join((image.digest, __version__, repr(options), combined_digest(source_files()))).encode()
    ).hexdigest()
    kept = cache_folder("unikernels") / f"{key[:32]}.u2k"
    if not kept.exists():
        convert(what, kept, options, force=True, progress=progress)
    return kept
