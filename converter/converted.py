"""The unikernel for what a user wants to run: a file as it is, an image converted once and kept."""

from __future__ import annotations

import hashlib
from pathlib import Path

from converter import __version__
from converter.cache import cache_folder
from converter.convert import convert
from converter.image.open import open_image
from converter.image.progress import Progress
from converter.link.source import combined_digest, source_files
from converter.options import Options


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
