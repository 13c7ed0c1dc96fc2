"""id, whoami, uname, getent and others that tell who and where one is."""

from __future__ import annotations

import re

from converter.analyze.entrypoint.shell.commands.process import Process, flags
from converter.analyze.entrypoint.shell.files import permits
from converter.analyze.entrypoint.shell.values import Status, Unknown, to_text
from converter.analyze.users import database, resolve_user
from converter.errors import IncompatibleImageError
from converter.image.tree import FileKind

_KNOWN_FORMAT = re.compile(r"(?:[^%\\]|%[ugUGan%])*")
_MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}


def id_(process: Process) -> Status:
    options, operands = flags(
        process,
        process.known(),
        "ugGnr",
        long={"user": "u", "group": "g", "groups": "G", "name": "n", "real": "r"},
    )
    try:
        user = resolve_user(process.files.view, operands[0]) if operands else process.user
    except IncompatibleImageError:
        process.complain(f"'{operands[0]}': no such user")
        return 1
    named, groups = "n" in options, dict.fromkeys((user.gid, *user.groups))
    if "u" in options:
        process.write(_user_name(process, user.uid, named) + "\n")
    elif "g" in options:
        process.write(_group_name(process, user.gid, named) + "\n")
    elif "G" in options:
        process.write(" ".join(_group_name(process, gid, named) for gid in groups) + "\n")
    else:
        all_groups = ",".join(_both(gid, _group_name(process, gid, True)) for gid in groups)
        uid = _both(user.uid, _user_name(process, user.uid, True))
        gid = _both(user.gid, _group_name(process, user.gid, True))
        process.write(f"uid={uid} gid={gid} groups={all_groups}\n")
    return 0


def _both(number: int, name: str) -> str:
    return f"{number}({name})" if name != str(number) else str(number)


def _user_name(process: Process, uid: int, named: bool) -> str:
    return _name(process, b"/etc/passwd", uid) if named else str(uid)


def _group_name(process: Process, gid: int, named: bool) -> str:
    return _name(process, b"/etc/group", gid) if named else str(gid)


def _name(process: Process, path: bytes, number: int) -> str:
    for fields in database(process.files.view, path):
        if fields[2] == str(number).encode():
            return to_text(fields[0])
    return str(number)


def whoami(process: Process) -> Status:
    process.write(_user_name(process, process.user.uid, True) + "\n")
    return 0


def uname(process: Process) -> Status:
    options, _ = flags(
        process, process.known(), "amnprsvio", long={"machine": "m", "kernel-name": "s", "all": "a"}
    )
    machine = _MACHINES.get(process.world.architecture)
    if not options or set(options) == {"s"}:
        process.write("Linux\n")
    elif set(options) == {"m"} and machine:
        process.write(machine + "\n")
    else:
        process.write(Unknown("the name of the kernel", filled=True))
    return 0


def getent(process: Process) -> Status:
    """`getent passwd|group [KEY]` out of the image's files."""
    args = process.known()
    if len(args) < 1 or args[0] not in ("passwd", "group") or args[0].startswith("-"):
        process.write(Unknown("what getent finds"))
        return Unknown("what getent finds")
    status = 0
    rows = list(database(process.files.view, b"/etc/" + args[0].encode()))
    keys: list[str | None] = [*args[1:]] or [None]
    for key in keys:
        found = [row for row in rows if key is None or to_text(row[0]) == key or to_text(row[2]) == key]
        for row in found[: None if key is None else 1]:
            process.write(to_text(b":".join(row)) + "\n")
        status = status if found else 2
    return status


def which(process: Process) -> Status:
    status = 0
    path = process.launch.env.get("PATH", "")
    for name in process.known():
        if name.startswith("-"):
            continue
        folders = path.split(":") if isinstance(path, str) else []
        for folder in [""] if "/" in name else folders:
            at = f"{folder}/{name}" if folder else name
            found = process.find(at)
            if found is not None and found[1].kind is FileKind.REGULAR and permits(found[1], process.user, 1):
                process.write(at + "\n")
                break
        else:
            status = 1
    return status


def env(process: Process) -> Status:
    """`env` and `printenv` without a program: the environment."""
    args = process.known()
    if args and process.name == "env":
        return Unknown("what env does")
    for name, value in process.launch.env.items():
        if args and name in args:
            process.write(value)
            process.write("\n")
        elif not args:
            process.write(f"{name}=")
            process.write(value)
            process.write("\n")
    return int(any(name not in process.launch.env for name in args))


def stat(process: Process) -> Status:
    """`stat -c FORMAT FILE...`, for who owns a file and who may do what with it."""
    args = process.args
    form = args[1] if len(args) > 2 and args[0] in ("-c", "--format") else None
    if not isinstance(form, str) or not _KNOWN_FORMAT.fullmatch(form):
        return untold(process)
    status = 0
    for path in args[2:]:
        found = process.find(str(path), follow=False) if isinstance(path, str) else None
        if found is None:
            process.complain(f"cannot statx '{path}': No such file or directory")
            status = 1
            continue
        inode = found[1]
        owner = _name_of(process, b"/etc/passwd", inode.uid)
        group = _name_of(process, b"/etc/group", inode.gid)
        told = {"u": str(inode.uid), "g": str(inode.gid), "U": owner, "G": group}
        told |= {"a": f"{inode.mode:o}", "n": str(path), "%": "%"}
        process.write(re.sub("%(.)", lambda mark: told[mark[1]], form) + "\n")  # noqa: B023
    return status


def _name_of(process: Process, where: bytes, number: int) -> str:
    names = (each[0] for each in database(process.files.view, where) if each[2] == str(number).encode())
    return to_text(next(names, b"UNKNOWN"))


def untold(process: Process) -> Status:
    """Programs that only tell what differs from host to host or from time to time."""
    process.write(
        Unknown(f"the output of {process.name}", filled=process.name in ("date", "hostname", "nproc"))
    )
    return (
        0
        if process.name in ("date", "hostname", "nproc", "sleep", "sync")
        else Unknown(f"what {process.name} says")
    )
