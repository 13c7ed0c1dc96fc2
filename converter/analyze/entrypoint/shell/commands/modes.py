"""chmod, chown and chgrp (XCU; coreutils)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from converter.analyze.entrypoint.shell.commands.process import Process, Unsupported, flags
from converter.analyze.entrypoint.shell.files import FileProblem
from converter.analyze.entrypoint.shell.values import Status, to_text
from converter.analyze.users import database, resolve_user
from converter.errors import IncompatibleImageError
from converter.image.tree import FileKind, Inode

_CLAUSE = re.compile(r"([ugoa]*)((?:[-+=](?:[rwxXst]*|[ugo]))+)")
_LONG = {"recursive": "R", "verbose": "v", "changes": "c", "silent": "f", "quiet": "f", "no-dereference": "h",
         "reference": "="}  # fmt: skip


def changed_mode(text: str, inode: Inode, umask: int) -> int:
    """The mode after `chmod TEXT`: octal, or clauses as `u+x,go=`. Raises Unsupported."""
    if re.fullmatch(r"[0-7]{1,5}", text):
        kept = inode.mode & 0o6000 if inode.kind is FileKind.DIRECTORY and len(text) < 5 else 0
        return int(text, 8) & 0o7777 | kept
    mode = inode.mode
    for clause in text.split(","):
        found = _CLAUSE.fullmatch(clause)
        if found is None:
            raise Unsupported(f"chmod {text}")
        for operator, what in re.findall(r"([-+=])([rwxXst]*|[ugo])", found[2]):
            mode = _applied(mode, found[1], operator, what, inode.kind is FileKind.DIRECTORY, umask)
    return mode


def _applied(mode: int, who: str, operator: str, what: str, folder: bool, umask: int) -> int:
    classes = "ugo" if not who or "a" in who else who
    bits = 0
    for name in classes:
        shift = {"u": 6, "g": 3, "o": 0}[name]
        if what in ("u", "g", "o") and what:
            part = mode >> {"u": 6, "g": 3, "o": 0}[what] & 7
        else:
            part = sum({"r": 4, "w": 2, "x": 1}.get(letter, 0) for letter in set(what))
            part |= 1 if "X" in what and (folder or mode & 0o111) else 0
        bits |= part << shift
        if "s" in what:
            bits |= {"u": 0o4000, "g": 0o2000, "o": 0}[name]
    if "t" in what and (not who or "a" in who or "o" in who):
        bits |= 0o1000
    if not who:
        bits &= ~umask
    if operator == "+":
        return mode | bits
    if operator == "-":
        return mode & ~bits
    cleared = sum({"u": 0o4700, "g": 0o2070, "o": 0o1007}[name] for name in classes)
    return mode & ~cleared | bits


def chmod(process: Process) -> Status:
    args = process.known()
    # `chmod -x f`: a mode may look like an option.
    at = next((n for n, arg in enumerate(args) if re.fullmatch(r"-[rwxXst]+", arg)), None)
    mode = args.pop(at) if at is not None else None
    options, operands = flags(process, args, "Rvcf", long=_LONG)
    if "=" in options:
        raise Unsupported("chmod --reference")
    text = mode if mode is not None else operands.pop(0) if operands else ""
    status = 0
    for path in operands:
        for place, inode in _reached(process, path, options, follow=True):
            if inode.kind is FileKind.SYMLINK:
                continue
            if process.user.uid not in (0, inode.uid):
                process.complain(f"changing permissions of '{to_text(place)}': Operation not permitted")
                status = 1
                continue
            wanted = changed_mode(text, inode, process.umask)
            if wanted != inode.mode:
                process.files.put(place, replace(inode, mode=wanted))
    return status


def owner(process: Process, text: str) -> tuple[int | None, int | None]:
    """uid and gid of `user`, `user:group`, `user:`, `:group`; None: left as it is. Raises FileProblem."""
    user, colon, group = text.partition(":")
    if not colon and "." in user:
        user, colon, group = user.partition(".")
    try:
        found = resolve_user(process.files.view, user) if user else None
    except IncompatibleImageError as error:
        raise FileProblem(f"invalid user: '{text}'") from error
    uid = found.uid if found is not None else None
    if not group:
        return uid, found.gid if found is not None and colon else None
    for fields in database(process.files.view, b"/etc/group"):
        if to_text(fields[0]) == group:
            return uid, int(fields[2])
    if not group.isdigit():
        raise FileProblem(f"invalid group: '{text}'")
    return uid, int(group[:10])


def chown(process: Process) -> Status:
    options, operands = flags(process, process.known(), "RvcfhHLP", long={**_LONG, "from": "="})
    if "=" in options:
        raise Unsupported("chown --reference or --from")
    who = operands.pop(0) if operands else ""
    uid, gid = owner(process, ":" + who if process.name == "chgrp" else who)
    status = 0
    for path in operands:
        follow = "h" not in options
        for place, inode in _reached(process, path, options, follow=follow):
            new_uid, new_gid = inode.uid if uid is None else uid, inode.gid if gid is None else gid
            if (new_uid, new_gid) == (inode.uid, inode.gid):
                continue
            user = process.user
            own_group = inode.uid == user.uid == new_uid and new_gid in (user.gid, *user.groups)
            if user.uid != 0 and not own_group:
                process.complain(f"changing ownership of '{to_text(place)}': Operation not permitted")
                status = 1
                continue
            # chown(2): set-user-ID and set-group-ID bits of programs go.
            clears = inode.kind is FileKind.REGULAR
            mode = inode.mode & ~0o4000 & ~(0o2000 if inode.mode & 0o010 else 0) if clears else inode.mode
            process.files.put(place, replace(inode, uid=new_uid, gid=new_gid, mode=mode))
    return status


def _reached(
    process: Process, path: str, options: dict[str, str], *, follow: bool
) -> Iterator[tuple[bytes, Inode]]:
    if process.files.mounted(path, process.cwd) is not None:
        # Descriptors and devices of the container: /dev/stdout and such are made anew each time.
        process.world.note(f"{process.where}: {process.name} of {path} is left out: it is not in the image")
        return
    if "R" in options:
        place, _ = process.need(path)
        yield from list(process.files.walk(place))
        return
    yield process.need(path, follow=follow)
