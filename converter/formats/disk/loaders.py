"""The boot loaders of disk images: libos/boot, compiled once and cached."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from converter.cache.folder import cache_folder, made_once
from converter.link import toolchain
from converter.link.architecture import X86_64, Architecture
from converter.link.source import combined_digest, libos_root, source_files

_Link = Callable[[Path, Sequence[Path]], None]
_SHARED = (Path("boot/plan.c"),)
_BIOS = (Path("boot/bios/start.S"), Path("boot/bios/load.c"), *_SHARED)
_MBR = (Path("boot/bios/mbr.S"),)
_UEFI = (Path("boot/uefi/load.c"), Path("boot/uefi/handover.S"), *_SHARED)
# The loops in memcpy() and memset() are not to become calls of themselves.
_ALONE = ("-fno-builtin", "-mno-implicit-float")
_BIOS_MACHINE = replace(
    X86_64,
    target="x86-freestanding-none",
    flags=(*_ALONE, "-fno-pic", "-fno-pie", "-mcpu=i686-x87-mmx-sse-sse2"),
)
# UEFI firmware has the red zone's place for its interrupts, and Microsoft's calling convention.
_UEFI_MACHINE = replace(
    X86_64, target="x86_64-uefi", flags=(*_ALONE, "-mno-red-zone", "-mno-stack-arg-probe")
)


def mbr() -> bytes:
    """The code of sector 0, at most 440 bytes. ToolchainError: as for everything here."""
    return _flat("mbr", _MBR, "boot/bios/mbr.lds")


def bios_loader() -> bytes:
    """What `mbr` loads: whole sectors, with an empty plan in it."""
    return _flat("bios", _BIOS, "boot/bios/loader.lds")


def uefi_loader() -> bytes:
    """A UEFI application, with an empty plan in it."""

    def link(out: Path, objects: Sequence[Path]) -> None:
        toolchain.link_efi(out, "efi_main", objects)

    return _made("uefi.efi", _UEFI, _UEFI_MACHINE, link).read_bytes()


def _flat(name: str, sources: Sequence[Path], script: str) -> bytes:
    def link(out: Path, objects: Sequence[Path]) -> None:
        toolchain.link_flat(out, libos_root() / script, objects)

    return _made(f"{name}.bin", sources, _BIOS_MACHINE, link).read_bytes()


def _made(name: str, sources: Sequence[Path], machine: Architecture, link: _Link) -> Path:
    decisive = tuple(path for path in source_files() if path.parts[0] == "boot")
    key = combined_digest(decisive, toolchain.identity(machine))

    def make(out: Path) -> None:
        with tempfile.TemporaryDirectory(dir=out.parent) as folder:
            objects = []
            for source in sources:
                objects.append(Path(folder) / f"{source.stem}.o")
                toolchain.compile_object(libos_root() / source, objects[-1], machine, [])
            link(out, objects)

    return made_once(cache_folder("loaders") / f"{key[:32]}-{name}", make)
