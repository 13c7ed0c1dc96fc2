"""Symbol versions: what an object needs must be defined where it expects it (glibc, elf/dl-version.c)."""

from __future__ import annotations

from collections.abc import Callable

from converter.elf.search import Loaded
from converter.errors import IncompatibleImageError


def check_versions(wanting: Loaded, named: Callable[[bytes], Loaded | None]) -> None:
    """Raise IncompatibleImageError where glibc's loader would end the program.

    `named` says which object answers to a name of DT_NEEDED. A provider without any versions is taken as it
    is, with a warning at most; so is a missing version that is weak (VER_FLG_WEAK).
    """
    for need in wanting.elf.dynamic.verneed if wanting.elf.dynamic else ():
        provider = named(need.library)
        defined = provider.elf.dynamic.verdef if provider is not None and provider.elf.dynamic else ()
        if provider is None or not defined or need.weak or need.version in defined:
            continue
        raise IncompatibleImageError(
            f"version `{_shown(need.version)}' not found (required by {_shown(wanting.path)})",
            where=_shown(provider.path),
            hint="the latter was built with a newer library: build it for this image, or take a newer base",
        )


def _shown(text: bytes) -> str:
    return text.decode("utf-8", "backslashreplace")
