"""What the regular files of a tree are, told by their first bytes: ELF programs, libraries, objects, scripts.

One short read a file. Whether a file would load is another question, which converter.elf.header answers.
"""

from __future__ import annotations

import enum
import re
import struct
from collections.abc import Mapping

from converter.elf.identity import read_identity
from converter.image.heads import read_heads
from converter.image.tree import FileTree

_HEAD = 1024  # bytes: the ELF header and 17 program headers, which linkers put right behind it
_PT_INTERP = 3
_LIBRARY_NAME = re.compile(rb"\.so(\.|$)|\.node$")


class Role(enum.Enum):
    """PROGRAM: what execve can start; LIBRARY: what a loader maps into one; OBJECT: linkable, a kernel module
    or a core; SCRIPT: begins with `#!`."""

    PROGRAM = "program"
    LIBRARY = "library"
    OBJECT = "object"
    SCRIPT = "script"


def census(tree: FileTree) -> Mapping[bytes, Role]:
    """Path -> role of all files that have one, in path order. Raises SourceError when a blob is gone."""
    heads = read_heads((inode for _, inode in tree.walk()), _HEAD)
    found = {}
    for path, inode in tree.walk():
        head = heads.get(id(inode), b"")
        if head[:2] in (b"\x7fE", b"#!") and (role := role_of(path, head)) is not None:
            found[path] = role
    return found


def role_of(path: bytes, head: bytes) -> Role | None:
    """The role of the file `path` that begins with `head`.

    A shared object with an interpreter is a program, unless its name says library (libc.so.6 has both); one
    without either is a static program if it is not called like a library.
    """
    if head.startswith(b"#!"):
        return Role.SCRIPT
    identity = read_identity(head)
    if identity is None:
        return None
    if identity.type == "EXEC":
        return Role.PROGRAM
    if identity.type != "DYN":
        return Role.OBJECT
    if _LIBRARY_NAME.search(path.rpartition(b"/")[2]):
        return Role.LIBRARY
    entry = struct.unpack_from("<Q", head, 24)[0] if len(head) >= 64 else 0
    return Role.PROGRAM if entry or _has_interpreter(head) else Role.LIBRARY


def _has_interpreter(head: bytes) -> bool:
    """Whether a 64-bit little-endian file's program headers, as far as they are in `head`, name one."""
    if len(head) < 64:
        return False
    table, size, count = *struct.unpack_from("<Q", head, 32), *struct.unpack_from("<HH", head, 54)
    ends = min(table + size * count, len(head) - 4)
    return size >= 56 and any(
        struct.unpack_from("<I", head, at)[0] == _PT_INTERP for at in range(table, ends, size)
    )
