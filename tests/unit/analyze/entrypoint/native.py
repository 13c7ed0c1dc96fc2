"""What a script does when a real dash or bash runs it, and what reading says: both in the same shape."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from converter.analyze.entrypoint.launchers import LAUNCHERS
from converter.analyze.entrypoint.outcome import read_entrypoint
from converter.analyze.entrypoint.shell.commands import COMMANDS
from converter.analyze.entrypoint.shell.values import Unknown, to_text
from converter.analyze.entrypoint.shell.world import Launch, World
from converter.analyze.users import Credentials
from converter.image.tree import FileKind, FileTree, Inode, Span
from tests.builders.elves import EXEC, elf
from tests.builders.trees import directory, program, symlink

STUB = Path(__file__).with_name("stub.c")
TOOLS = sorted({*COMMANDS, *LAUNCHERS, "dash", "bash", "busybox", "awk"})
_NOT_EVERYWHERE = ("envsubst", "gosu", "setpriv", "runuser", "tini", "dumb-init", "stdbuf")
# The program of each shell; the name is its argv[0].
SHELLS = {
    "dash": "/usr/bin/dash",
    "bash": "/usr/bin/bash",
    "ash": "/usr/bin/busybox",
    "posix/sh": "/usr/bin/bash",
}


@dataclass(frozen=True)
class Seen:
    """`program`: argv, environment, cwd, umask and ids of what was executed, or None; the rest of a run."""

    program: tuple[tuple[str, ...], Mapping[str, str], str, int, tuple[int, ...]] | None
    status: int | None  # None where a program was executed
    output: str
    files: Mapping[str, tuple[str, int, str, int, int]]  # kind, mode, contents or target, owner, group


def build_stub(folder: Path) -> Path:
    """The program `prog`, compiled once."""
    out = folder / "prog"
    subprocess.run(["gcc", "-O1", "-o", str(out), str(STUB)], check=True)
    return out


def missing(shell: str, text: str) -> str:
    """Which of the programs that a script runs this host lacks; empty if it has all."""
    wanted = [SHELLS[shell], *(name for name in _NOT_EVERYWHERE if re.search(rf"\b{name}\b", text))]
    return next((name for name in wanted if shutil.which(name) is None), "")


def prepare(root: Path, stub: Path, files: Mapping[str, str]) -> None:
    """A folder with bin/prog and work/, where the script runs."""
    (root / "bin").mkdir(parents=True)
    (root / "work").mkdir()
    shutil.copy(stub, root / "bin" / "prog")
    for name, text in files.items():
        path = root / "work" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="latin-1")
        path.chmod(0o755 if text.startswith("#!") else 0o644)


def environment(root: Path) -> dict[str, str]:
    return {
        "PATH": f"{root}/bin:/usr/bin:/bin:/usr/sbin",
        "HOME": str(root),
        "LC_ALL": "C",
        "FOO": "foo bar",
        "EMPTY": "",
    }


def run(shell: str, root: Path, script: str, args: Sequence[str]) -> Seen:
    """The real shell."""
    done = subprocess.run(
        [f"/bin/{shell}", script, *args],
        executable=SHELLS[shell],
        cwd=root / "work",
        env=environment(root),
        capture_output=True,
        stdin=subprocess.DEVNULL,
        timeout=20,
        check=False,
        preexec_fn=lambda: os.umask(0o022),
    )
    output = done.stdout.decode("latin-1")
    files = _listed(root / "work")
    seen = root / "seen"
    if not seen.exists():
        return Seen(None, done.returncode, output, files)
    cwd, mask, count, ids, *rest = seen.read_bytes().decode("latin-1").split("\0")
    argv, env = rest[: int(count)], dict(entry.partition("=")[::2] for entry in rest[int(count) : -1])
    who = tuple(map(int, ids.replace(":", ",").split(",")))
    return Seen((tuple(argv), env, cwd, int(mask, 8), _ids(*who)), None, output, files)


def _ids(uid: int, gid: int, *groups: int) -> tuple[int, ...]:
    return uid, gid, *sorted({*groups} - {gid})


def _listed(folder: Path) -> dict[str, tuple[str, int, str, int, int]]:
    found = {}
    for path in sorted(folder.rglob("*")):
        there = path.lstat()
        mode, owner = there.st_mode, (there.st_uid, there.st_gid)
        name = str(path.relative_to(folder))
        if stat.S_ISLNK(mode):
            found[name] = ("link", 0, str(path.readlink()), *owner)
        elif stat.S_ISDIR(mode):
            found[name] = ("folder", stat.S_IMODE(mode), "", *owner)
        else:
            found[name] = ("file", stat.S_IMODE(mode), path.read_text("latin-1"), *owner)
    return found


def tree_of(root: Path) -> FileTree:
    """The folder as part of a tree that has the shells and tools as ELF files of no contents."""
    nothing = elf(kind=EXEC, entry=0x400040, dynamic=False)
    entries: dict[bytes, Inode] = {f"/usr/bin/{name}".encode(): program(nothing) for name in TOOLS}
    entries |= {b"/usr/bin/sh": symlink(Path("/bin/sh").resolve().name.encode())}
    entries |= {b"/usr/libexec/coreutils/libstdbuf.so": program(nothing)}
    entries |= {b"/usr/bin/ash": symlink(b"busybox"), b"/usr/bin/posix/sh": symlink(b"/usr/bin/bash")}
    entries |= {b"/bin": symlink(b"usr/bin"), b"/etc/passwd": _file(Path("/etc/passwd"))}
    entries |= {b"/etc/group": _file(Path("/etc/group"))}
    for path in [root, *sorted(root.rglob("*"))]:
        name = str(path).encode()
        uid, gid = path.lstat().st_uid, path.lstat().st_gid
        if path.is_symlink():
            entries[name] = symlink(str(path.readlink()).encode(), uid=uid, gid=gid)
        elif path.is_dir():
            entries[name] = directory(stat.S_IMODE(path.stat().st_mode), uid=uid, gid=gid)
        else:
            entries[name] = _file(path, uid=uid, gid=gid)
    return FileTree.empty().with_entries(entries)


def _file(path: Path, **fields: int) -> Inode:
    data = path.read_bytes()
    mode = stat.S_IMODE(path.stat().st_mode)
    spans = (Span(0, len(data), data=data),)
    return Inode(FileKind.REGULAR, mode, size=len(data), spans=spans, **fields)


def read(shell: str, root: Path, script: str, args: Sequence[str]) -> tuple[Seen, World, str]:
    """What reading finds; the last is why it does not, if it does not."""
    world = World(tree_of(root), "amd64")
    user = Credentials(os.getuid(), os.getgid(), tuple(dict.fromkeys([os.getgid(), *os.getgroups()])))
    argv = (f"/bin/{shell}", script, *args)
    launch = Launch(f"/bin/{shell}", argv, dict(environment(root)), f"{root}/work", user)
    outcome = read_entrypoint(world, launch)
    output = "".join(
        text for name, text in world.printed if name == "standard output" and isinstance(text, str)
    )
    program = None
    status = None if outcome.kind == "program" else outcome.status
    if outcome.kind == "program" and outcome.launch is not None:
        found = outcome.launch
        words = tuple(word if isinstance(word, str) else f"<{word.reason}>" for word in found.argv)
        env = {
            name: value if isinstance(value, str) else f"<{value.reason}>"
            for name, value in found.env.items()
        }
        user = found.user
        program = (words, env, found.cwd, found.umask, _ids(user.uid, user.gid, *user.groups))
    files = _read_files(world, f"{root}/work".encode())
    why = outcome.why or "; ".join(world.doubts)
    return (
        Seen(program, status, output, files),
        world,
        why if outcome.kind == "undecided" or world.doubts else "",
    )


def _read_files(world: World, top: bytes) -> dict[str, tuple[str, int, str, int, int]]:
    found = {}
    for path, inode in world.files.walk(top):
        name = to_text(path[len(top) + 1 :])
        if not name:
            continue
        if inode.kind is FileKind.SYMLINK:
            found[name] = ("link", 0, to_text(inode.target), inode.uid, inode.gid)
        elif inode.kind is FileKind.DIRECTORY:
            found[name] = ("folder", inode.mode, "", inode.uid, inode.gid)
        else:
            text = world.files.read(path, inode, Credentials())
            shown = f"<{text.reason}>" if isinstance(text, Unknown) else text
            found[name] = ("file", inode.mode, shown, inode.uid, inode.gid)
    return found
