"""Building the library OS's archives: one a platform, one for all that is above it."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from converter.cache.folder import cache_folder, made_once
from converter.image.progress import Progress, Silent
from converter.link import toolchain
from converter.link.architecture import ARCHITECTURES, Architecture
from converter.link.parts import part_of
from converter.link.source import combined_digest, libos_root, source_files

PLATFORMS = ("vm", "process", "skeleton")
SHARED = "libos"  # the archive of all that knows no platform


def include_folders(machine: Architecture) -> list[Path]:
    """Where `<u2k/...>` and `<asm/...>` headers are."""
    return [libos_root() / "include", libos_root() / "arch" / machine.name / "include"]


def archive_sources(name: str, machine: Architecture) -> tuple[Path, ...]:
    """The C and assembler files of one archive: a platform's name, or SHARED."""
    others = {each.name for each in ARCHITECTURES} - {machine.name}
    chosen = []
    for relative in source_files():
        if relative.suffix not in (".c", ".S") or others & set(relative.parts):
            continue
        if relative.parts[0] == "boot":
            continue  # programs of their own: formats/disk/loaders.py
        owner = relative.parts[1] if relative.parts[0] == "platform" else SHARED
        if owner == name:
            chosen.append(relative)
    return tuple(chosen)


def headers_digest() -> str:
    """Headers are few and small: a change of any one compiles everything again."""
    return combined_digest(tuple(path for path in source_files() if path.suffix == ".h"))


def build_archive(name: str, machine: Architecture, progress: Progress | None = None) -> Path:
    """The static library, from the cache or compiled now. ToolchainError with the compiler's words."""
    sources = archive_sources(name, machine)
    rules = tuple(path for path in source_files() if path.name == "part.toml")
    key = combined_digest(sources + rules, headers_digest(), toolchain.identity(machine), machine.name)
    final = cache_folder("libos", machine.name) / f"{name}-{key[:32]}.a"

    def make(temporary: Path) -> None:
        objects = _compile(sources, machine, progress or Silent())
        toolchain.archive(temporary, objects)

    return made_once(final, make)


def _compile(sources: tuple[Path, ...], machine: Architecture, progress: Progress) -> list[Path]:
    folder = cache_folder("libos", machine.name, "objects")
    common = (headers_digest(), toolchain.identity(machine), machine.name)
    include = include_folders(machine)

    def one(relative: Path) -> Path:
        part = part_of(relative)
        hardened = part is not None and part.hardened
        key = combined_digest((relative,), *common, str(hardened))
        # The name is what a link map and an archive listing show, so it says which file it was.
        final = folder / key[:32] / f"{'-'.join(relative.with_suffix('').parts)}.o"
        return made_once(
            final,
            lambda out: toolchain.compile_object(
                libos_root() / relative, out, machine, include, hardened=hardened
            ),
        )

    progress.start("building the library OS", len(sources))
    try:
        with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
            objects = []
            for made in pool.map(one, sources):
                objects.append(made)
                progress.advance(1)
    finally:
        progress.done()
    return objects
