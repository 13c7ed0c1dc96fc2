"""Which of some names a program could have got from anywhere in its image."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from converter.analyze.libraries.surroundings import Surroundings
from converter.elf.linkmap import shown
from converter.image.tree import FileKind

_FOLDERS = (b"/etc", b"/usr/local/etc")
_FILES_MAX = 20_000  # looked at
_SIZE_MAX = 256 << 10  # bytes of a file that is looked at


def named(around: Surroundings, names: Collection[bytes], *, besides: bytes) -> dict[bytes, str]:
    """Those of `names` that stand as a word where the program may read them, with the first such place.

    Looked at are arguments, environment, the texts of mapped objects other than `besides`, files that
    arguments name, and configuration: what is below /etc and /usr/local/etc and in the working directory.
    """
    if not names:
        return {}
    found: dict[bytes, str] = {}
    for name, place in _in_words(around, frozenset(names)):
        found.setdefault(name, place)
    texts = frozenset(b"\0" + name + b"\0" for name in names)
    for each in around.mapped():
        if each.real_path != besides:
            for text in sorted(around.contained(each.real_path, texts)):
                found.setdefault(text.strip(b"\0"), f"the text of {shown(each.real_path)}")
    return found


def _in_words(around: Surroundings, names: frozenset[bytes]) -> Iterator[tuple[bytes, str]]:
    word = re.compile(rb"(?<![\w.-])(?:" + b"|".join(map(re.escape, sorted(names))) + rb")(?![\w-])")
    for place, contents in _words(around):
        if any(name in contents for name in names):
            for name in word.findall(contents):
                yield name, place


def _words(around: Surroundings) -> Iterator[tuple[str, bytes]]:
    program = around.program
    yield "the arguments", b"\n".join(program.argv)
    yield "the environment", b"\n".join(program.environment.values())
    for path in dict.fromkeys((*program.argv[1:], *_configuration_files(around))):
        contents = around.configuration(path) if path and b"\0" not in path else None
        if contents is not None:
            yield shown(path), contents


def _configuration_files(around: Surroundings) -> Iterator[bytes]:
    tree = around.tree
    todo = [*_FOLDERS]
    if around.program.cwd != b"/":
        yield from (path for path in around.folder(around.program.cwd) if _is_small(around, path))
    for _ in range(_FILES_MAX):
        if not todo:
            return
        at = todo.pop()
        inode = tree.get(at)
        if inode is not None and inode.kind is FileKind.DIRECTORY:
            todo += around.folder(at)[::-1]
        elif _is_small(around, at):
            yield at


def _is_small(around: Surroundings, path: bytes) -> bool:
    inode = around.tree.get(path)
    return inode is not None and inode.kind is FileKind.REGULAR and inode.size <= _SIZE_MAX
