"""The program of an image: what would run, as whom, where and with what, decided by reading alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from converter.analyze.command import argument_vector, environment
from converter.analyze.executable import Executable, find_executable, search_path, shown
from converter.analyze.folders import locate_folder
from converter.analyze.ports import Port, parse_ports
from converter.analyze.signals import parse_signal
from converter.analyze.users import Credentials, resolve_user
from converter.elf.closure import LibraryClosure, elf_at, identity_at, library_closure
from converter.elf.header import ElfFile
from converter.errors import IncompatibleImageError
from converter.image.model import Healthcheck, ImageConfig
from converter.image.tree import FileKind, FileTree, Inode


@dataclass(frozen=True, slots=True)
class Program:
    """All that execve and its surroundings need. Paths and strings are bytes, as the program sees them."""

    argv: tuple[bytes, ...]  # as execve gets it; scripts are not expanded
    executable: Executable  # what argv[0] is: path, scripts, and the ELF file to be loaded
    elf: ElfFile  # of executable.loaded
    environment: Mapping[bytes, bytes]
    user: Credentials
    cwd: bytes  # canonical
    missing_folders: tuple[
        bytes, ...
    ]  # WORKDIR and VOLUMEs that the image lacks and docker makes (0755, root)
    ports: tuple[Port, ...]
    volumes: tuple[bytes, ...]  # canonical
    stop_signal: int
    healthcheck: Healthcheck | None

    def libraries(self, tree: FileTree) -> LibraryClosure:
        """Interpreter and libraries of the ELF file. Raises IncompatibleImageError if one is missing."""
        return library_closure(tree, self.executable.loaded, self.environment, cwd=self.cwd)

    def with_missing_folders(self, tree: FileTree) -> FileTree:
        """The tree as docker would prepare it before the start."""
        made = {path: Inode(FileKind.DIRECTORY, 0o755) for path in self.missing_folders}
        return tree.with_entries(made) if made else tree


def find_program(
    config: ImageConfig,
    tree: FileTree,
    *,
    entrypoint: Sequence[str] | None = None,
    args: Sequence[str] | None = None,
) -> Program:
    """The program of an image; `entrypoint` and `args` override as with `docker run`.

    Raises IncompatibleImageError, with the reason and a next step, for whatever would keep it from starting.
    """
    argv = argument_vector(config, entrypoint=entrypoint, args=args)
    user = resolve_user(tree, config.user)
    variables = environment(config, user.home)
    cwd, there = locate_folder(tree, config.working_dir or "/", "WORKDIR")
    missing = [] if there else [cwd]
    volumes = []
    for text in config.volumes:
        volume, there = locate_folder(tree, text, "VOLUME")
        volumes.append(volume)
        missing += [] if there else [volume]
    # A missing working directory holds nothing, so that relative names in it find nothing either.
    at = cwd if cwd in tree else b"/"
    executable = find_executable(tree, search_path(tree, argv[0], variables, at, user), at, user)
    return Program(
        argv=argv,
        executable=executable,
        elf=_checked_elf(tree, executable, config),
        environment=variables,
        user=user,
        cwd=cwd,
        missing_folders=tuple(sorted(set(missing))),
        ports=parse_ports(config.exposed_ports),
        volumes=tuple(dict.fromkeys(volumes)),
        stop_signal=parse_signal(config.stop_signal),
        healthcheck=config.healthcheck,
    )


def as_launched(
    config: ImageConfig,
    tree: FileTree,
    base: Program,
    *,
    path: bytes,
    argv: tuple[bytes, ...],
    environment: Mapping[bytes, bytes],
    cwd: bytes,
    user: Credentials,
) -> Program:
    """The program that `base`'s script executes in the end, with all else of `base`.

    Raises IncompatibleImageError where execve would fail.
    """
    executable = find_executable(tree, path, cwd, user)
    elf = _checked_elf(tree, executable, config)
    return replace(
        base, argv=argv, executable=executable, elf=elf, environment=environment, cwd=cwd, user=user
    )


def _checked_elf(tree: FileTree, executable: Executable, config: ImageConfig) -> ElfFile:
    identity = identity_at(tree, executable.inode)
    if identity is not None and config.architecture and identity.machine != config.architecture:
        raise IncompatibleImageError(
            f"the program is for {identity.machine}, the image says {config.architecture}",
            where=shown(executable.loaded),
            hint=f"choose the image for {identity.machine} with --platform, or rebuild it",
        )
    return elf_at(tree, executable.loaded_real_path, executable.inode)
