"""Symbol versions: refused where ld.so would end the program, and nowhere else."""

from __future__ import annotations

import pytest

from converter.elf.closure import library_closure
from converter.errors import IncompatibleImageError
from converter.image.tree import FileTree
from tests.builders.elves import elf
from tests.builders.trees import program, regular, tree_of

_LD = "/lib64/ld-linux-x86-64.so.2"
_NEEDS = [(b"libc.so.6", b"GLIBC_2.38", False)]


def image(library: bytes, *, interpreter: str = _LD, **fields: object) -> FileTree:
    made = elf(interpreter=interpreter.encode(), needed=[b"libc.so.6"], **fields)
    loader = elf(soname=b"ld-linux-x86-64.so.2", verdef=[b"GLIBC_2.3"])
    return tree_of(
        {"/bin/x": program(made), interpreter: program(loader), "/usr/lib/libc.so.6": regular(library)}
    )


def test_a_missing_version_is_refused_as_the_loader_says_it() -> None:
    tree = image(elf(verdef=[b"GLIBC_2.2.5", b"GLIBC_2.36"]), verneed=_NEEDS)
    with pytest.raises(IncompatibleImageError) as caught:
        library_closure(tree, b"/bin/x", {})
    assert str(caught.value) == "/usr/lib/libc.so.6: version `GLIBC_2.38' not found (required by /bin/x)"
    assert caught.value.hint


def test_versions_of_a_library_and_of_the_loader_are_checked() -> None:
    library = elf(verdef=[b"GLIBC_2.38"], verneed=[(b"ld-linux-x86-64.so.2", b"GLIBC_PRIVATE", False)])
    with pytest.raises(IncompatibleImageError, match=r"GLIBC_PRIVATE' not found .required by /usr/lib/libc"):
        library_closure(image(library, verneed=_NEEDS), b"/bin/x", {})


@pytest.mark.parametrize(
    ("defined", "needed"),
    [
        ([b"GLIBC_2.36", b"GLIBC_2.38"], _NEEDS),
        ([], _NEEDS),  # "no version information available" is a warning
        ([b"GLIBC_2.36"], [(b"libc.so.6", b"GLIBC_ABI_DT_RELR", True)]),
        ([b"GLIBC_2.36"], [(b"libc.so.6", b"GLIBC_2.36", False), (b"libc.so.6", b"GLIBC_2.38", True)]),
    ],
    ids=["there", "without versions", "weak", "second weak"],
)
def test_what_the_loader_takes(defined: list[bytes], needed: list[tuple[bytes, bytes, bool]]) -> None:
    tree = image(elf(verdef=defined), verneed=needed)
    assert [each.name for each in library_closure(tree, b"/bin/x", {}).libraries] == [b"libc.so.6"]


def test_musl_does_not_look_at_versions() -> None:
    loader = "/lib/ld-musl-x86_64.so.1"
    tree = image(elf(), interpreter=loader, verneed=[(b"libz.so", b"ZLIB_9", False)])
    assert library_closure(tree, b"/bin/x", {}).libraries == ()
