"""The unikernel for what a user wants to run: an image is converted once, and kept."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from converter.conversion_cache.conversion import kept_unikernel
from converter.errors import IncompatibleImageError
from converter.image.progress import Progress
from converter.link.manifest import read_manifest
from converter.options import Options


def unikernel_to_run(what: str, options: Options, progress: Progress) -> tuple[Path, bool]:
    """A unikernel file for the image `what`, and whether it was made for the arguments and environment.

    Mostly these can be given when it runs, so that one file serves all. But an entrypoint script may do
    something else for them, or nothing without them: then there is a file for each. Errors: as `convert`.
    """
    try:
        plain = kept_unikernel(what, replace(options, args=(), env=()), progress)
    except IncompatibleImageError:
        if not (options.args or options.env):
            raise
        return kept_unikernel(what, options, progress), True
    if read_manifest(plain).entrypoint_args is not None or not (options.args or options.env):
        return plain, False
    return kept_unikernel(what, options, progress), True
