"""The pipeline: reference -> image -> file tree -> program -> kernel and root image -> unikernel."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass, field
from pathlib import Path

from converter import __version__
from converter.analyze.program import Program, find_program
from converter.elf.closure import LibraryClosure
from converter.image.model import Image
from converter.image.open import file_tree, open_image
from converter.image.platform import Platform
from converter.image.progress import Progress, Silent
from converter.image.tree import FileTree
from converter.link.architecture import architecture
from converter.link.bundle import BootRecord
from converter.link.kernel import Kernel, link_kernel, linker_script
from converter.link.manifest import SCHEMA, Manifest
from converter.link.unikernel import Unikernel, write_unikernel
from converter.output import check_target, default_name, whole_file
from converter.rootfs.layout import plan

_LOG = logging.getLogger("u2k")
TARGETS = ("vm", "process")


@dataclass(frozen=True, slots=True)
class Options:
    """What a conversion can be told; with the image's digest it decides the output's bytes."""

    platform: Platform = field(default_factory=Platform)
    target: str = "vm"
    source: str = "auto"


@dataclass(frozen=True, slots=True)
class Conversion:
    """A finished conversion, with all that was found on the way."""

    image: Image
    tree: FileTree
    program: Program
    libraries: LibraryClosure
    kernel: Kernel
    unikernel: Unikernel


@dataclass(frozen=True, slots=True)
class Reading:
    """An image, read and understood, before anything is built."""

    image: Image
    tree: FileTree
    program: Program
    libraries: LibraryClosure


def read_image(ref: str, options: Options | None = None, progress: Progress | None = None) -> Reading:
    """Fetch and understand an image. Errors: SourceError, IncompatibleImageError, UsageError."""
    chosen, shown = options or Options(), progress or Silent()
    image = open_image(ref, platform=chosen.platform, source=chosen.source, progress=shown)
    tree = file_tree(image, progress=shown)
    program = find_program(image.config, tree)
    return Reading(image, program.with_missing_folders(tree), program, program.libraries(tree))


def convert(
    ref: str,
    output: Path | None = None,
    options: Options | None = None,
    *,
    force: bool = False,
    progress: Progress | None = None,
) -> Conversion:
    """Make a unikernel of the image `ref`, as the file `output` (default: named after it, in this folder).

    Errors: UsageError, SourceError, IncompatibleImageError, OutputError, ToolchainError; no file is left.
    """
    chosen, shown = options or Options(), progress or Silent()
    path = output if output is not None else Path(default_name(ref))
    check_target(path, force=force)
    machine = architecture(chosen.platform.architecture)
    reading = read_image(ref, chosen, shown)
    linker_script(chosen.target, machine)  # refuses before anything is built
    _LOG.info("program: %s", os.fsdecode(reading.program.executable.path))
    layout = plan(reading.tree)
    kernel = link_kernel(chosen.target, machine, progress=shown)
    record = boot_record(reading.program, reading.image)
    manifest = describe(reading, kernel, record, chosen)
    with whole_file(path) as out:
        manifest = write_unikernel(kernel, record, layout, manifest, out)
    unikernel = Unikernel(path, path.stat().st_size, manifest)
    return Conversion(reading.image, reading.tree, reading.program, reading.libraries, kernel, unikernel)


def boot_record(program: Program, image: Image) -> BootRecord:
    """What the library OS is told to start."""
    return BootRecord(
        path=absolute(program.executable.path, program.cwd),
        argv=program.argv,
        env=tuple(name + b"=" + value for name, value in program.environment.items()),
        cwd=program.cwd,
        uid=program.user.uid,
        gid=program.user.gid,
        groups=program.user.groups,
        entrypoint_args=len(image.config.entrypoint),
    )


def absolute(path: bytes, cwd: bytes) -> bytes:
    """`./server` in WORKDIR /app is /app/./server; the kernel resolves the rest."""
    return path if path.startswith(b"/") else cwd.rstrip(b"/") + b"/" + path


def describe(reading: Reading, kernel: Kernel, record: BootRecord, options: Options) -> Manifest:
    """The manifest, but for the sizes that are known when it is written."""
    program = reading.program
    return Manifest(
        schema=SCHEMA,
        tool_version=__version__,
        source_digest=reading.image.digest,
        target=options.target,
        os=options.platform.os,
        architecture=options.platform.architecture,
        path=os.fsdecode(record.path),
        argv=tuple(map(os.fsdecode, record.argv)),
        entrypoint_args=record.entrypoint_args,
        env=tuple(map(os.fsdecode, record.env)),
        cwd=os.fsdecode(record.cwd),
        user=(record.uid, record.gid),
        stop_signal=str(program.stop_signal),
        ports=tuple(map(str, program.ports)),
        volumes=tuple(map(os.fsdecode, program.volumes)),
        syscalls=kernel.choice.syscalls,
        parts=kernel.choice.parts,
        kernel_bytes=0,
        root_bytes=0,
    )
