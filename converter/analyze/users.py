"""USER of an image to numbers, by the image's /etc/passwd and /etc/group (passwd(5), group(5)).

The rules are docker's (moby/sys user.GetExecUser), which every runtime follows. The files come from
strangers: lines that make no sense are passed over, and never read as user 0.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from converter.errors import IncompatibleImageError
from converter.image.tree import FileKind, FileTree

_MAX_FILE = 16 << 20  # bytes
_MAX_ID = (1 << 31) - 1  # docker's bound
_MAX_GROUPS = 65536  # NGROUPS_MAX


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who the program is. `groups` are the supplementary ones, the primary first, as docker sets them."""

    uid: int = 0
    gid: int = 0
    groups: tuple[int, ...] = (0,)
    home: bytes = b"/"
    name: bytes | None = None  # in passwd


@dataclass(frozen=True, slots=True)
class _User:
    name: bytes
    uid: int
    gid: int
    home: bytes


@dataclass(frozen=True, slots=True)
class _Group:
    name: bytes
    gid: int
    members: tuple[bytes, ...]


def resolve_user(tree: FileTree, user: str) -> Credentials:
    """Credentials for a USER: "", name, uid, name:group, uid:gid and mixtures of them.

    Raises IncompatibleImageError if a name is not in the image's files, or a number is out of range.
    """
    user_text, _, group_text = user.strip().partition(":")
    wanted, wanted_group = _encoded(user_text), _encoded(group_text)
    number = _number(wanted)
    found = next(
        (
            entry
            for entry in _users(tree)
            if (not wanted and entry.uid == 0)
            or entry.name == wanted
            or (number is not None and entry.uid == number)
        ),
        None,
    )
    if found is None and wanted and number is None:
        raise _unknown("user", user_text, "/etc/passwd")
    uid = found.uid if found else number or 0
    gid = found.gid if found else 0
    extra: list[int] = []
    if wanted_group:
        gid = _group_id(tree, wanted_group, group_text)
    elif found is not None:
        extra = [entry.gid for entry in _groups(tree) if found.name in entry.members]
    groups = tuple(dict.fromkeys([gid, *extra]))[:_MAX_GROUPS]
    home = found.home if found and found.home else b"/"
    return Credentials(uid, gid, groups, home, found.name if found else None)


def database(tree: FileTree, path: bytes) -> Iterator[list[bytes]]:
    """The records of /etc/passwd or /etc/group that have a name and a number, as lists of fields."""
    for fields in _records(tree, path, 3):
        if fields[0] and _number(fields[2]) is not None:
            yield fields


def _group_id(tree: FileTree, wanted: bytes, shown: str) -> int:
    number = _number(wanted)
    for entry in _groups(tree):
        if entry.name == wanted or (number is not None and entry.gid == number):
            return entry.gid
    if number is None:
        raise _unknown("group", shown, "/etc/group")
    return number


def _users(tree: FileTree) -> Iterator[_User]:
    for fields in _records(tree, b"/etc/passwd", 4):
        uid, gid = _number(fields[2]), _number(fields[3])
        if fields[0] and uid is not None and gid is not None:
            yield _User(fields[0], uid, gid, fields[5] if len(fields) > 5 else b"")


def _groups(tree: FileTree) -> Iterator[_Group]:
    for fields in _records(tree, b"/etc/group", 3):
        gid = _number(fields[2])
        if fields[0] and gid is not None:
            members = fields[3].split(b",") if len(fields) > 3 else []
            yield _Group(fields[0], gid, tuple(name.strip() for name in members))


def _records(tree: FileTree, path: bytes, least: int) -> Iterator[list[bytes]]:
    found = tree.resolve(path)
    if found is None or found[1].kind is not FileKind.REGULAR:
        return
    for line in tree.read(found[1], limit=_MAX_FILE).split(b"\n"):
        fields = line.strip().split(b":")
        if len(fields) >= least and b"\0" not in line:
            yield fields


def _number(text: bytes) -> int | None:
    """A decimal id, None if it is none or out of range. (bytes.isdigit knows ASCII digits only.)"""
    if not text.isdigit() or len(text) > 20:
        return None
    value = int(text)
    return value if value <= _MAX_ID else None


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _unknown(kind: str, name: str, path: str) -> IncompatibleImageError:
    return IncompatibleImageError(
        f"USER names the {kind} {name!r}, which the image's {path} does not have",
        where="USER",
        hint=f"add the {kind} in the Dockerfile, or give a number",
    )
