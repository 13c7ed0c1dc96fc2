"""The pipeline: reference -> image -> file tree -> program -> profile -> kernel + root image -> unikernel."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from converter import __version__
from converter.analyze.adaptation import as_recorded
from converter.analyze.packages.database import read_packages
from converter.analyze.packages.model import Packages
from converter.analyze.refusal import Refusal, refusal_error
from converter.errors import UsageError
from converter.image.model import Healthcheck, Image
from converter.image.progress import Progress, Silent
from converter.link.architecture import Architecture, architecture
from converter.link.build import SHARED, build_archive
from converter.link.bundle import BootRecord
from converter.link.catalogue import read_catalogue
from converter.link.choice import STRICT, Choice, choose
from converter.link.kernel import Kernel, link_kernel, linker_script
from converter.link.manifest import SCHEMA, Manifest
from converter.link.sites import packed_sites
from converter.link.unikernel import Unikernel, write_unikernel
from converter.link.wishes import check_options, wishes_of
from converter.options import Options
from converter.output import check_target, default_name, whole_file
from converter.profile.model import Profile
from converter.profile.writing import profile_bytes, profile_digest
from converter.profiling import Profiled, Reading, profile_image, unsupported
from converter.rootfs.aliases import aliases
from converter.rootfs.engine import with_engine_files
from converter.rootfs.layout import plan
from converter.rootfs.needs import needs_of
from converter.rootfs.slim import Files, Slimmed, slim

if TYPE_CHECKING:
    from converter.trace.request import TraceRequest

_LOADED_MAX = 64 << 20  # bytes of a root image that is loaded into a machine's memory
_LOG = logging.getLogger("u2k")


@dataclass(frozen=True, slots=True)
class Conversion:
    """A finished conversion, with all that was found on the way.

    refusals: what the program needs and is not there, which --allow-unsupported let pass
    """

    profiled: Profiled
    packages: Packages
    slimmed: Slimmed
    kernel: Kernel
    unikernel: Unikernel
    refusals: tuple[Refusal, ...] = ()


def convert(
    ref: str | Image,
    output: Path | None = None,
    options: Options | None = None,
    *,
    profiles: Sequence[Profile] = (),
    trace: TraceRequest | None = None,
    force: bool = False,
    progress: Progress | None = None,
) -> Conversion:
    """Make a unikernel of the image `ref` (name, or opened) as the file `output` (default: named after it).

    `profiles` are joined with what the analysis finds, and with what is seen when `trace` asks for a run.
    Errors: UsageError, SourceError, IncompatibleImageError, OutputError, ToolchainError, RunError from
    tracing; no file is left.
    """
    chosen, shown = options or Options(), progress or Silent()
    name = ref.reference if isinstance(ref, Image) else ref
    path = output if output is not None else Path(default_name(name))
    check_target(path, force=force)
    check_options(chosen)
    check_evidence(chosen, profiles, trace)
    profiled = profile_image(ref, chosen, profiles, trace, shown)
    refused = unsupported(profiled)
    if refused and not chosen.allow_unsupported:
        raise refusal_error(refused, profiled.profile.subject.path)
    # Refuses before anything is built.
    linker_script(chosen.target, architecture(chosen.platform.architecture))
    _LOG.info("program: %s", os.fsdecode(profiled.reading.program.executable.path))
    packages = read_packages(profiled.reading.tree)
    slimmed = slimmed_root(profiled, packages, chosen)
    kernel, unikernel = build_unikernel(profiled, slimmed, path, chosen, shown)
    return Conversion(profiled, packages, slimmed, kernel, unikernel, refused)


def build_unikernel(
    profiled: Profiled, slimmed: Slimmed, path: Path, options: Options, progress: Progress
) -> tuple[Kernel, Unikernel]:
    """The kernel for what is known, and the file `path`, written over what is there. Errors: as `convert`."""
    machine = architecture(options.platform.architecture)
    layout = plan(slimmed.tree)  # refuses before anything is built
    start = how_it_starts(profiled.reading, slimmed)
    if on_disk := root_on_disk(options, layout.size):
        start["disk"] = "its root is on a disk"
    parts = chosen_parts(profiled.profile, machine, options, progress, start)
    if "writable" not in parts.parts:
        layout = plan(with_engine_files(slimmed.tree))
    kernel = link_kernel(options.target, machine, parts, progress)
    sites = packed_sites(profiled.rewritable, profiled.reading.tree, layout)
    record = replace(boot_record(profiled.reading, slimmed), sites=sites)
    manifest = describe(profiled, kernel, record, options)
    manifest = replace(manifest, root_on="disk" if on_disk else "memory")
    with whole_file(path) as out:
        manifest = write_unikernel(kernel, record, layout, manifest, out, profile_bytes(profiled.profile))
    return kernel, Unikernel(path, path.stat().st_size, manifest)


def root_on_disk(options: Options, size: int) -> bool:
    """Whether a machine reads the root image, of `size` bytes, from a disk. UsageError for a process."""
    if options.target != "vm":
        if options.root == "disk":
            raise UsageError(
                "--root disk is for virtual machines", hint="a process maps its file in any case"
            )
        return False
    return options.root == "disk" or (options.root == "auto" and size > _LOADED_MAX)


def slimmed_root(profiled: Profiled, packages: Packages, options: Options) -> Slimmed:
    """The files that the unikernel keeps. Without system calls in the profile the program may do anything."""
    reading, profile = profiled.reading, profiled.profile
    needs = needs_of(reading.tree, reading.program, reading.libraries, profile if profile.syscalls else None)
    return slim(
        reading.tree,
        needs,
        packages,
        files=Files(options.files),
        keep=options.keep,
        environment=reading.program.environment,
    )


def how_it_starts(reading: Reading, slimmed: Slimmed) -> dict[str, str]:
    """What parts the start asks for (link/parts.py, Rules.start), each with its reason."""
    program, found = reading.program, {}
    if program.executable.scripts:
        found["script"] = f"{os.fsdecode(program.executable.path)} is a script"
    if reading.libraries.interpreter is not None:
        loader = os.fsdecode(reading.libraries.interpreter.name)
        found["interpreter"] = f"{os.fsdecode(program.executable.loaded)} is loaded by {loader}"
    if slimmed.dropped:
        found["left_out"] = "files of the image are not in the root"
    return found


def chosen_parts(
    profile: Profile, machine: Architecture, options: Options, progress: Progress, start: Mapping[str, str]
) -> Choice:
    """The parts of the library OS that the kernel is linked with."""
    return choose(
        profile,
        read_catalogue(build_archive(SHARED, machine, progress), machine),
        options.target,
        how=options.form,
        wishes=wishes_of(options),
        start=start,
    )


def check_evidence(options: Options, profiles: Sequence[Profile], trace: TraceRequest | None) -> None:
    """UsageError when --strict has nothing to choose by: the program could not even end."""
    if options.form != "strict" or options.add_syscalls or trace is not None:
        return
    known = (why for profile in profiles for why in profile.syscalls.values())
    if not any(each.kind in STRICT for why in known for each in why):
        raise UsageError(
            "nothing was seen yet, and --strict links only what was seen",
            hint="add --trace, --probe or --exercise, or --profile FILE of a run that was traced",
        )


def boot_record(reading: Reading, slimmed: Slimmed) -> BootRecord:
    """What the library OS is told to start."""
    program, gone = reading.program, [each.path for each in slimmed.dropped]
    return BootRecord(
        path=absolute(program.executable.path, program.cwd),
        argv=program.argv,
        env=tuple(name + b"=" + value for name, value in program.environment.items()),
        cwd=program.cwd,
        uid=program.user.uid,
        gid=program.user.gid,
        groups=program.user.groups,
        entrypoint_args=reading.resolution.kept_args or 0,
        left_out=(*gone, *aliases(reading.tree, gone)),
        umask=reading.resolution.umask,
    )


def absolute(path: bytes, cwd: bytes) -> bytes:
    """`./server` in WORKDIR /app is /app/./server; the kernel resolves the rest."""
    return path if path.startswith(b"/") else cwd.rstrip(b"/") + b"/" + path


def describe(profiled: Profiled, kernel: Kernel, record: BootRecord, options: Options) -> Manifest:
    """The manifest, but for the sizes that are known when it is written."""
    reading, program = profiled.reading, profiled.reading.program
    return Manifest(
        schema=SCHEMA,
        tool_version=__version__,
        source_digest=reading.image.digest,
        target=options.target,
        os=options.platform.os,
        architecture=options.platform.architecture,
        path=os.fsdecode(record.path),
        argv=tuple(map(os.fsdecode, record.argv)),
        entrypoint_args=reading.resolution.kept_args,
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
        profile_digest=profile_digest(profiled.profile),
        options=options.recorded(),
        healthcheck=_healthcheck(program.healthcheck),
        adaptations=() if reading.adaptation is None else (as_recorded(reading.adaptation),),
    )


def _healthcheck(check: Healthcheck | None) -> dict[str, object] | None:
    return None if check is None else {**asdict(check), "test": list(check.test)}
