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


def expand(tree: FileTree, pattern: bytes) -> list[bytes]:
    """The canonical paths that match, sorted; links on the way are followed, the last component's is not.

    Raises UsageError for a pattern that is not absolute.
    """
    if not pattern.startswith(b"/"):
        raise UsageError(
            "a glob of paths in the image begins with a slash",
            where=pattern.decode("utf-8", "backslashreplace"),
            hint=f"for example {'/**/' + pattern.decode('utf-8', 'backslashreplace')!r}",
        )
    found: set[bytes] = set()
    for alternative in _braces(pattern):
        parts = [part for part in alternative.split(b"/") if part]
        found |= _matches(tree, parts)
    return sorted(found)


def whole_path(patterns: Iterable[bytes]) -> re.Pattern[bytes]:
    """One regular expression for `fullmatch` over canonical paths, true when one of the patterns matches."""
    return re.compile(b"|".join(b"(?:%s)" % _path(each) for each in patterns) or b"(?!)", re.DOTALL)


def _matches(tree: FileTree, parts: list[bytes]) -> set[bytes]:
    folders = {b""}  # canonical, without the slash at the end
    for number, part in enumerate(parts):
        last = number == len(parts) - 1
        if part == b"**":
            below = {path for folder in folders for path in _descendants(tree, folder)}
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
        found = re.search(rb"\{([^{}]*,[^{}]*)\}", at)
        if found is None:
            done.append(at)
        else:
            todo += [at[: found.start()] + each + at[found.end() :] for each in found[1].split(b",")]
        if len(done) + len(todo) > _ALTERNATIVES_MAX:
            raise UsageError(f"a glob with more than {_ALTERNATIVES_MAX} alternatives")
    return done


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
            inside = part[at:end].replace(b"\\", b"\\\\").replace(b"[", b"\\[")
            negated = inside[:1] in (b"!", b"^")
            out += b"(?!/)[" + (b"^" if negated else b"") + inside[negated:].replace(b"]", b"\\]") + b"]"
            at = end + 1
        elif byte == b"\\" and at < len(part):
            out += re.escape(part[at : at + 1])
            at += 1
        else:
            out += re.escape(byte)
    return out
