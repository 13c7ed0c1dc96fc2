"""What reading tells about an image: the document behind `u2k inspect`, the same for people and machines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from converter.analyze.adaptation import Adaptation, adapted
from converter.analyze.entrypoint import resolve
from converter.analyze.executable import shown
from converter.analyze.program import Program, find_program
from converter.elf.closure import Library, LibraryClosure
from converter.errors import IncompatibleImageError
from converter.image.model import Healthcheck, Image, ImageConfig
from converter.image.open import file_tree, open_image
from converter.image.progress import Progress, Silent
from converter.image.tree import FileKind, FileTree
from converter.options import Options


@dataclass(frozen=True, slots=True)
class LayerView:
    """Sizes in bytes: `size` of the blob, `contents` of the files that no later layer hides or changes."""

    digest: str
    diff_id: str
    media_type: str
    created_by: str
    size: int
    contents: int
    files: int  # paths of any kind
    deleted: int  # paths of lower layers that this one removed


@dataclass(frozen=True, slots=True)
class HealthcheckView:
    """Times in seconds; 0: docker's default."""

    test: tuple[str, ...]
    interval: float
    timeout: float
    start_period: float
    retries: int


@dataclass(frozen=True, slots=True)
class ConfigurationView:
    """The image's own words, not yet interpreted."""

    entrypoint: tuple[str, ...]
    cmd: tuple[str, ...]
    env: tuple[str, ...]
    user: str
    workdir: str
    ports: tuple[str, ...]
    volumes: tuple[str, ...]
    stop_signal: str
    healthcheck: HealthcheckView | None
    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ScriptView:
    """One `#!` line on the way from the command to an ELF file."""

    path: str
    interpreter: str
    argument: str | None


@dataclass(frozen=True, slots=True)
class ProgramView:
    """What would run. `path` is what execve is given, `loaded` the ELF file that the scripts lead to."""

    path: str
    real_path: str
    scripts: tuple[ScriptView, ...]
    loaded: str
    elf_type: str  # EXEC, DYN
    argv: tuple[str, ...]
    cwd: str
    user: str | None
    uid: int
    gid: int
    groups: tuple[int, ...]
    stop_signal: int
    adapted: tuple[str, ...]  # argv as it would run, if that was changed so that it is one process
    adaptation: str  # in words, with why
    made_folders: tuple[str, ...]  # WORKDIR and VOLUMEs that are not in the image and are made for it


@dataclass(frozen=True, slots=True)
class LibraryView:
    name: str
    path: str
    real_path: str
    wanted_by: str


@dataclass(frozen=True, slots=True)
class LibrariesView:
    """The interpreter, and the libraries in the order in which it loads them."""

    interpreter: LibraryView | None
    libraries: tuple[LibraryView, ...]


@dataclass(frozen=True, slots=True)
class DeletionView:
    """`layer` counts from 1."""

    layer: int
    path: str
    size: int


@dataclass(frozen=True, slots=True)
class Problem:
    """Why the image cannot become a unikernel."""

    what: str
    where: str | None
    next_step: str | None


@dataclass(frozen=True, slots=True)
class Inspection:
    """`program` is None when it cannot be found, `libraries` when they cannot; `problem` then says why."""

    reference: str
    digest: str
    platform: str
    created: str
    layers: tuple[LayerView, ...]
    configuration: ConfigurationView
    program: ProgramView | None
    libraries: LibrariesView | None
    deleted: tuple[DeletionView, ...]
    problem: Problem | None


def inspect_image(ref: str, options: Options | None = None, progress: Progress | None = None) -> Inspection:
    """Fetch and read an image; what keeps its program from running becomes `problem`.

    Errors: SourceError, UsageError; IncompatibleImageError when the layers themselves make no sense.
    """
    chosen, told = options or Options(), progress or Silent()
    image = open_image(ref, platform=chosen.platform, source=chosen.source, progress=told)
    tree = file_tree(image, progress=told)
    program: ProgramView | None = None
    libraries: LibrariesView | None = None
    problem: Problem | None = None
    try:
        found = find_program(image.config, tree)
        program = _program(found, _adapted(image.config, tree) if chosen.adapt else None)
        libraries = _libraries(found.libraries(tree))
    except IncompatibleImageError as error:
        problem = Problem(error.what, error.where, error.hint)
    return Inspection(
        reference=image.reference,
        digest=image.digest,
        platform=str(image.config.platform),
        created=image.config.created,
        layers=_layers(image, tree),
        configuration=_configuration(image),
        program=program,
        libraries=libraries,
        deleted=tuple(DeletionView(each.layer + 1, shown(each.path), each.size) for each in tree.deletions),
        problem=problem,
    )


def _layers(image: Image, tree: FileTree) -> tuple[LayerView, ...]:
    files = Counter(inode.layer for _, inode in tree.walk())
    contents: Counter[int] = Counter()
    for inode in {id(inode): inode for _, inode in tree.walk()}.values():  # hard links count once
        if inode.kind is FileKind.REGULAR:
            contents[inode.layer] += inode.size
    deleted = Counter(each.layer for each in tree.deletions)
    return tuple(
        LayerView(
            digest=layer.digest,
            diff_id=layer.diff_id,
            media_type=layer.media_type,
            created_by=layer.created_by,
            size=layer.size,
            contents=contents[layer.index],
            files=files[layer.index],
            deleted=deleted[layer.index],
        )
        for layer in image.layers
    )


def _configuration(image: Image) -> ConfigurationView:
    config = image.config
    return ConfigurationView(
        entrypoint=config.entrypoint,
        cmd=config.cmd,
        env=config.env,
        user=config.user,
        workdir=config.working_dir,
        ports=config.exposed_ports,
        volumes=config.volumes,
        stop_signal=config.stop_signal,
        healthcheck=None if config.healthcheck is None else _healthcheck(config.healthcheck),
        labels=dict(config.labels),
    )


def _healthcheck(check: Healthcheck) -> HealthcheckView:
    return HealthcheckView(
        check.test, check.interval / 1e9, check.timeout / 1e9, check.start_period / 1e9, check.retries
    )


def _adapted(config: ImageConfig, tree: FileTree) -> tuple[tuple[bytes, ...], Adaptation] | None:
    """The command line of what the entrypoint comes to, if that is adapted; and how."""
    found, made = adapted(resolve(config, tree))
    return None if made is None else (found.program.argv, made)


def _program(program: Program, changed: tuple[tuple[bytes, ...], Adaptation] | None) -> ProgramView:
    found, user = program.executable, program.user
    return ProgramView(
        path=shown(found.path),
        real_path=shown(found.real_path),
        scripts=tuple(
            ScriptView(
                shown(script.path),
                shown(script.interpreter),
                None if script.argument is None else shown(script.argument),
            )
            for script in found.scripts
        ),
        loaded=shown(found.loaded_real_path),
        elf_type=program.elf.type,
        argv=tuple(map(shown, program.argv)),
        adapted=() if changed is None else tuple(map(shown, changed[0])),
        adaptation="" if changed is None else str(changed[1]),
        cwd=shown(program.cwd),
        user=None if user.name is None else shown(user.name),
        uid=user.uid,
        gid=user.gid,
        groups=user.groups,
        stop_signal=program.stop_signal,
        made_folders=tuple(map(shown, program.missing_folders)),
    )


def _libraries(closure: LibraryClosure) -> LibrariesView:
    return LibrariesView(
        None if closure.interpreter is None else _library(closure.interpreter),
        tuple(map(_library, closure.libraries)),
    )


def _library(library: Library) -> LibraryView:
    return LibraryView(*map(shown, (library.name, library.path, library.real_path, library.wanted_by)))
