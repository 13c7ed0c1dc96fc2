"""What execve(2) would run: the PATH search, the permission to execute, and chains of `#!` scripts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from converter.analyze.users import Credentials
from converter.elf.identity import MAGIC
from converter.errors import IncompatibleImageError, NoProgramError, NotExecutableError
from converter.image.tree import FileKind, FileTree, Inode

_SCRIPT_HEAD = 256  # bytes of a script that the kernel looks at (BINPRM_BUF_SIZE)
_MAX_SCRIPTS = 4  # scripts that interpret each other (execve(2), Interpreter scripts)
_BLANKS = b" \t"


@dataclass(frozen=True, slots=True)
class Script:
    """One `#!` line: the script, its interpreter, and the single optional argument (binfmt_script)."""

    path: bytes
    interpreter: bytes
    argument: bytes | None


@dataclass(frozen=True, slots=True)
class Executable:
    """What the kernel ends up loading for a path: an ELF file, after the scripts that lead to it."""

    path: bytes  # as given to execve: absolute, or relative to the working directory
    real_path: bytes
    scripts: tuple[Script, ...]
    loaded: bytes  # path of the ELF file, as its last script names it (or `path`)
    loaded_real_path: bytes
    inode: Inode  # of the ELF file


def search_path(
    tree: FileTree, name: bytes, environment: Mapping[bytes, bytes], cwd: bytes, user: Credentials
) -> bytes:
    """The path that execvp(3) would run for `name`. Raises IncompatibleImageError if there is none."""
    if b"/" in name:
        return name
    unfit: IncompatibleImageError | None = None
    folders = environment.get(b"PATH", b"").split(b":")
    for folder in folders:
        path = (folder.rstrip(b"/") if folder != b"/" else b"") + b"/" + name if folder else b"./" + name
        if tree.resolve(path, cwd=cwd) is None:
            continue
        try:
            _check_executable(tree, path, cwd, user)
        except IncompatibleImageError as error:
            unfit = unfit or error
            continue
        return path
    raise unfit or NoProgramError(
        f"the program {shown(name)!r} is not in the image",
        where="PATH=" + shown(b":".join(folders)),
        hint="give its full path with --entrypoint, or check that the image is complete",
    )


def find_executable(tree: FileTree, path: bytes, cwd: bytes, user: Credentials) -> Executable:
    """Follow scripts from `path` to an ELF file. Raises IncompatibleImageError where execve would fail."""
    scripts: list[Script] = []
    first: bytes | None = None
    at = path
    while True:
        real_path, inode = _check_executable(tree, at, cwd, user, scripts[-1] if scripts else None)
        first = first or real_path
        with tree.open(inode) as stream:
            head = stream.read(_SCRIPT_HEAD)
        if head.startswith(MAGIC):
            return Executable(path, first, tuple(scripts), at, real_path, inode)
        script = _parse_script(at, head)
        if len(scripts) == _MAX_SCRIPTS:
            raise NotExecutableError(
                f"more than {_MAX_SCRIPTS} scripts interpret each other",
                where=shown(path),
                hint="let the first line of the script name a real program",
            )
        scripts.append(script)
        at = script.interpreter


def _parse_script(path: bytes, head: bytes) -> Script:
    """The `#!` line as Linux fs/binfmt_script.c reads it."""
    if not head.startswith(b"#!"):
        raise NotExecutableError(
            "neither an ELF program nor a script that begins with #!",
            where=shown(path),
            hint="exec format error on Linux too; let a script begin with #!/bin/sh",
        )
    line, newline, _ = head[2:].partition(b"\n")
    line = line.partition(b"\0")[0].strip(_BLANKS)
    end = min((at for blank in (b" ", b"\t") if (at := line.find(blank)) >= 0), default=len(line))
    interpreter, argument = line[:end], line[end:].strip(_BLANKS)
    cut = not newline and len(head) == _SCRIPT_HEAD and b"\0" not in head and end == len(line)
    if not interpreter or cut:
        raise NotExecutableError(
            "its #! line names no interpreter, or one too long for Linux",
            where=shown(path),
            hint="let the script begin with #!/bin/sh or such a line",
        )
    return Script(path, interpreter, argument or None)


def _check_executable(
    tree: FileTree, path: bytes, cwd: bytes, user: Credentials, script: Script | None = None
) -> tuple[bytes, Inode]:
    """Resolve `path` to a regular file that `user` may execute; `script` is what named it, if any did."""
    what = f"{shown(path)}, the interpreter of {shown(script.path)}," if script else shown(path)
    found = tree.resolve(path, cwd=cwd)
    if found is None:
        raise NoProgramError(
            f"{what} is not in the image",
            where=shown(script.path if script else path),
            hint=_missing_hint(path, script),
        )
    inode = found[1]
    if inode.kind is FileKind.DIRECTORY:
        raise NotExecutableError(
            f"{what} is a directory, not a program",
            where=shown(path),
            hint="name a program with --entrypoint",
        )
    if inode.kind is not FileKind.REGULAR or not _may_execute(inode, user):
        raise NotExecutableError(
            f"{what} is not executable for user {user.uid}",
            where=shown(path),
            hint="chmod +x in the Dockerfile, or another USER",
        )
    return found


def _missing_hint(path: bytes, script: Script | None) -> str:
    if script is None:
        return "give the right path with --entrypoint, or check that the image is complete"
    if path.endswith(b"\r"):
        return "the script has Windows line ends; save it with Unix ones"
    return f"add the package that holds {shown(path)}, or change the first line of the script"


def _may_execute(inode: Inode, user: Credentials) -> bool:
    """The kernel's check (path_resolution(7), Permissions): root needs any x bit, others their class's."""
    if user.uid == 0:
        return bool(inode.mode & 0o111)
    if user.uid == inode.uid:
        return bool(inode.mode & 0o100)
    return bool(inode.mode & (0o010 if inode.gid in (user.gid, *user.groups) else 0o001))


def shown(path: bytes) -> str:
    """A path for a message."""
    return path.decode("utf-8", "backslashreplace")
