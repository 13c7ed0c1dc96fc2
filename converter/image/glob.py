"""Globs over the paths of a file tree, as bash has them with globstar and dotglob set.

`*` and `?` match within one component, `[a-z]` and `[!a-z]` one byte, `**` any number of components, `{a,b}`
either; a backslash takes the meaning from what follows it. Names that begin with a dot match as all others.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator

from converter.errors import UsageError
from converter.image.tree import FileKind, FileTree

_ALTERNATIVES_MAX = 1024
_MAGIC = re.compile(rb"[*?\[\\]")
_BRACES = re.compile(rb"\\.|\{((?:\\.|[^{}\\])*)\}", re.DOTALL)  # the innermost; not behind a backslash


def expand(tree: FileTree, pattern: bytes) -> list[bytes]:
    """The canonical paths that match, sorted; links on the way are followed, the last component's is not.

    Raises UsageError for a pattern that `alternatives` refuses.
    """
    found: set[bytes] = set()
    for each in alternatives(pattern):
        found |= _matches(tree, _parts(each))
    return sorted(found)


def alternatives(pattern: bytes) -> list[bytes]:
    """The patterns without braces that a pattern stands for, which needs no tree.

    Raises UsageError for one that is not absolute, or stands for more than 1024.
    """
    if not pattern.startswith(b"/"):
        text = pattern.decode("utf-8", "backslashreplace")
        raise UsageError(
            f"{text!r} is no glob of paths in the image: these begin with a slash",
            hint=f"for example {'/**/' + text.removeprefix('./')!r}",
        )
    return _braces(pattern)


def literal(path: bytes) -> bytes:
    """The pattern that matches this path alone."""
    return re.sub(rb"([*?\[\]{},\\])", rb"\\\1", path)


def whole_path(patterns: Iterable[bytes]) -> re.Pattern[bytes]:
    """One regular expression for `fullmatch` over canonical paths, true when one of the patterns matches."""
    return re.compile(b"|".join(b"(?:%s)" % _path(each) for each in patterns) or b"(?!)", re.DOTALL)


def _parts(pattern: bytes) -> list[bytes]:
    """Its components. `.` stands for nothing, and `**` behind `**` for no more than one."""
    parts: list[bytes] = []
    for part in pattern.split(b"/"):
        if part not in (b"", b".") and not (part == b"**" and parts[-1:] == [b"**"]):
            parts.append(part)
    return parts


def _matches(tree: FileTree, parts: list[bytes]) -> set[bytes]:
    folders = {b""}  # canonical, without the slash at the end
    for number, part in enumerate(parts):
        last = number == len(parts) - 1
        if part == b"..":
            folders = {folder.rpartition(b"/")[0] for folder in folders}
            if last:
                return {folder or b"/" for folder in folders}
            continue
        if part == b"**":
            # Those below another one are reached from there.
            tops = (one for one in folders if not any(above in folders for above in _above(one)))
            below = {path for top in tops for path in _descendants(tree, top)}
            if last:
                return below
            folders |= {path for path in below if tree[path].kind is FileKind.DIRECTORY}
            continue
        found = {path for folder in folders for path in _children(tree, folder, part)}
        if last:
            return found
        folders = {path for path in map(functools.partial(_folder, tree), found) if path is not None}
    return {b"/"}  # no part at all: the root


def _children(tree: FileTree, folder: bytes, part: bytes) -> Iterator[bytes]:
    if not _MAGIC.search(part):
        if (path := folder + b"/" + part) in tree:
            yield path
        return
    match = re.compile(_component(part), re.DOTALL).fullmatch
    yield from (folder + b"/" + name for name in tree.children(folder or b"/") if match(name))


def _folder(tree: FileTree, path: bytes) -> bytes | None:
    found = tree.find(path)
    return found[0].rstrip(b"/") if found is not None and found[1].kind is FileKind.DIRECTORY else None


def _above(folder: bytes) -> Iterator[bytes]:
    while folder:
        folder = folder.rpartition(b"/")[0]
        yield folder


def _descendants(tree: FileTree, folder: bytes) -> Iterator[bytes]:
    todo = [folder]
    while todo:
        at = todo.pop()
        below = [at + b"/" + name for name in tree.children(at or b"/")]
        yield from below
        todo += below


def _braces(pattern: bytes) -> list[bytes]:
    """`/a{b,c}` as `/ab` and `/ac`, from left to right. Raises UsageError beyond 1024 alternatives."""
    done: list[bytes] = []
    todo = [pattern]
    while todo:
        at = todo.pop()
        for found in _BRACES.finditer(at):
            if found[1] and len(either := _separated(found[1])) > 1:
                todo += [at[: found.start()] + each + at[found.end() :] for each in either]
                break
        else:
            done.append(at)
        if len(done) + len(todo) > _ALTERNATIVES_MAX:
            raise UsageError(f"a glob with more than {_ALTERNATIVES_MAX} alternatives")
    return done


def _separated(inside: bytes) -> list[bytes]:
    """What lies between the commas that stand behind no backslash."""
    found = [b""]
    for token in re.findall(rb"\\.|.", inside, re.DOTALL):
        if token == b",":
            found.append(b"")
        else:
            found[-1] += token
    return found


def _path(pattern: bytes) -> bytes:
    """A glob without braces as a regular expression over whole paths."""
    out = b""
    for part in (part for part in pattern.split(b"/") if part):
        out += rb"(?:/[^/]+)*" if part == b"**" else b"/" + _component(part)
    return out


def _component(part: bytes) -> bytes:
    out = b""
    at = 0
    while at < len(part):
        byte = part[at : at + 1]
        at += 1
        if byte == b"*":
            out += b"" if out.endswith(b"[^/]*") else b"[^/]*"
        elif byte == b"?":
            out += b"[^/]"
        elif byte == b"[" and (end := part.find(b"]", at + 1 + (part[at : at + 1] in (b"!", b"^")))) > 0:
            out += _bracket(part[at:end])
            at = end + 1
        elif byte == b"\\" and at < len(part):
            out += re.escape(part[at : at + 1])
            at += 1
        else:
            out += re.escape(byte)
    return out


def _bracket(inside: bytes) -> bytes:
    """One byte of those between `[` and `]`; a range the wrong way round has none (glob(7))."""
    negated = inside[:1] in (b"!", b"^")
    members: set[int] = set()
    at = int(negated)
    while at < len(inside):
        ranged = inside[at + 1 : at + 2] == b"-" and at + 2 < len(inside)
        members.update(range(inside[at], inside[at + 2 if ranged else at] + 1))
        at += 3 if ranged else 1
    if not members:
        return rb"[^/]" if negated else b"(?!)"
    listed = b"".join(b"\\x%02x" % byte for byte in sorted(members))
    return b"(?!/)[" + (b"^" if negated else b"") + listed + b"]"
