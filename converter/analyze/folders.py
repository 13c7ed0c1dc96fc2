"""WORKDIR and VOLUME: where they really are in the tree, and which folders docker would make for them."""

from __future__ import annotations

import posixpath

from converter.analyze.command import encode
from converter.errors import IncompatibleImageError
from converter.image.tree import FileKind, FileTree


def locate_folder(tree: FileTree, text: str, where: str) -> tuple[bytes, bool]:
    """The canonical path of a folder, its links followed, and whether it is there already.

    `where` is WORKDIR or VOLUME, for the message. Raises IncompatibleImageError if the path is not absolute,
    leads over a file, or ends at a dangling link.
    """
    if not text.startswith("/"):
        raise IncompatibleImageError(
            f"{text[:80]!r} is no absolute path",
            where=where,
            hint="write it with a leading / in the Dockerfile",
        )
    wanted = posixpath.normpath(encode(text, where)).replace(b"//", b"/")
    at = b"/"
    names = [name for name in wanted.split(b"/") if name]
    for index, name in enumerate(names):
        found = tree.resolve(name, cwd=at)
        if found is None:
            if tree.resolve(name, cwd=at, follow=False) is not None:
                raise _no_folder(text, where, "leads over a link to nowhere")
            return posixpath.join(at, *names[index:]), False
        if found[1].kind is not FileKind.DIRECTORY:
            raise _no_folder(text, where, "is not a directory")
        at = found[0]
    return at, True


def _no_folder(text: str, where: str, why: str) -> IncompatibleImageError:
    return IncompatibleImageError(
        f"{text[:80]!r} {why}", where=where, hint="the image would not start with docker either; rebuild it"
    )
