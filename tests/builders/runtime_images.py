"""Images for tests of run-time libraries: a glibc program, its libraries, and an analysis that is given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from converter.analyze.libraries.fixpoint import close_libraries
from converter.analyze.libraries.model import RuntimeLibraries
from converter.analyze.program import find_program
from converter.image.model import ImageConfig
from converter.image.tree import Inode
from tests.builders.calls import referring
from tests.builders.elves import elf
from tests.builders.trees import program, regular, tree_of

LD = "/lib64/ld-linux-x86-64.so.2"
LIB = "/usr/lib/x86_64-linux-gnu"
LIBC = f"{LIB}/libc.so.6"


def lib(*needed: bytes, text: bytes = b"", **fields: object) -> Inode:
    """A shared object; `text` stands behind what is loaded."""
    return regular(elf(needed=needed, **fields) + text)


def found(
    entries: Mapping[str, Inode],
    *,
    argv: Sequence[str] = ("/usr/bin/app",),
    env: Sequence[str] = (),
    needed: Sequence[bytes] = (),
    text: bytes = b"",
    called: Mapping[str, Sequence[str]] | None = None,
    verdef: Sequence[bytes] = (b"GLIBC_2.34",),
    dlopen_any: bool = False,
    seen: list[list[str]] | None = None,
) -> RuntimeLibraries:
    """What the program argv[0], which needs libc and `needed`, may load; `called` by path."""
    base = {
        argv[0]: program(elf(interpreter=LD.encode(), needed=[b"libc.so.6", *needed]) + text),
        LD: program(elf(soname=b"ld-linux-x86-64.so.2")),
        LIBC: lib(soname=b"libc.so.6", verdef=verdef),
    }
    tree = tree_of(base | dict(entries))
    config = ImageConfig(architecture="amd64", os="linux", cmd=tuple(argv), env=tuple(env))
    app = find_program(config, tree)
    analyse = referring(called=called, dlopen_any=dlopen_any, seen=seen)
    return close_libraries(tree, app, app.libraries(tree), analyse)


def paths(libraries: RuntimeLibraries) -> list[str]:
    return [each.path.decode() for each in libraries.objects]


def files(libraries: RuntimeLibraries) -> list[str]:
    return [path.decode() for path in libraries.files]
