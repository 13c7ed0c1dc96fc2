"""Linking a kernel: archives, the table of what was chosen, the platform's linker script."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from converter.cache.folder import cache_folder, made_once
from converter.errors import IncompatibleImageError
from converter.image.progress import Progress
from converter.link import toolchain
from converter.link.architecture import Architecture
from converter.link.build import SHARED, build_archive, headers_digest, include_folders
from converter.link.catalogue import archive_symbols, read_catalogue
from converter.link.choice import Choice, full
from converter.link.optional import link_what_is_needed, linked_symbols, optional_symbols
from converter.link.source import combined_digest, libos_root
from converter.link.table import table_source

TARGET_NAMES = {"vm": "a virtual machine", "process": "a process"}


@dataclass(frozen=True, slots=True)
class Kernel:
    """A linked library OS, without bundle. `path` is an ELF file in the cache; never change it."""

    path: Path
    map_file: Path
    platform: str  # "vm" or "process"
    machine: Architecture
    choice: Choice


def linker_script(platform: str, machine: Architecture) -> Path:
    """Relative to `libos_root()`: the architecture's own, or one for all of them (the skeleton's).

    IncompatibleImageError where the library OS does not run yet.
    """
    folder = Path("platform") / platform
    for script in (folder / machine.name / "kernel.lds", folder / "kernel.lds"):
        if (libos_root() / script).is_file():
            return script
    raise IncompatibleImageError(
        f"the library OS does not run on {machine.oci} as {TARGET_NAMES.get(platform, platform)} yet",
        hint="choose the image for linux/amd64 with --platform, if there is one",
    )


def link_kernel(
    platform: str, machine: Architecture, choice: Choice | None = None, progress: Progress | None = None
) -> Kernel:
    """The kernel for `choice` (None: everything, the full form), from the cache or linked now.

    Errors: ToolchainError.
    """
    shared = build_archive(SHARED, machine, progress)
    own = build_archive(platform, machine, progress)
    symbols = archive_symbols(shared) | archive_symbols(own)
    catalogue = read_catalogue(shared, machine)
    chosen = choice or full(catalogue, platform)
    table = table_source(catalogue, chosen)
    script = linker_script(platform, machine)
    key = combined_digest(
        (script,),
        *(headers_digest(), shared.name, own.name, toolchain.identity(machine), table, *chosen.parts),
    )
    folder = cache_folder("kernels", f"{platform}-{machine.name}-{key[:32]}")

    def compile_table(out: Path) -> None:
        source = out.with_suffix(".c")
        source.write_text(table)
        try:
            toolchain.compile_object(source, out, machine, include_folders(machine))
        finally:
            source.unlink()

    def link(out: Path) -> None:
        compiled = made_once(folder / "table.o", compile_table)
        new_map, replaced = out.with_suffix(".map"), out.with_suffix(".lds")

        def once(replacements: dict[str, str]) -> frozenset[str]:
            lines = (f"{symbol} = {otherwise};\n" for symbol, otherwise in sorted(replacements.items()))
            replaced.write_text("".join(lines))
            toolchain.link(out, libos_root() / script, [compiled, own, shared, replaced], new_map)
            return linked_symbols(new_map)

        try:
            link_what_is_needed(optional_symbols(symbols), chosen.parts, once, symbols)
        finally:
            replaced.unlink(missing_ok=True)
        new_map.replace(folder / "kernel.map")

    path = made_once(folder / "kernel.elf", link)
    return Kernel(path, folder / "kernel.map", platform, machine, chosen)
