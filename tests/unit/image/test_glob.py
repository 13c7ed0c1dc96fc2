"""Globs over a tree: as bash has them, links inside the root followed."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from converter.errors import UsageError
from converter.image.glob import alternatives, expand, literal, whole_path
from tests.builders.trees import directory, regular, symlink, tree_of

TREE = tree_of(
    {
        "/bin": symlink(b"usr/bin"),
        "/loop": symlink(b"loop"),
        "/usr/bin/ls": regular(),
        "/usr/bin/lsof": regular(),
        "/usr/bin/[": regular(),
        "/usr/bin/*x": regular(),
        "/usr/share/a/.hidden": regular(),
        "/usr/share/a/b/file.txt": regular(),
        "/usr/share/new\nline": regular(),
        "/empty": directory(),
    }
)


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("/usr/bin/ls", ["/usr/bin/ls"]),
        ("/bin/ls*", ["/usr/bin/ls", "/usr/bin/lsof"]),
        ("/usr/bin/ls?f", ["/usr/bin/lsof"]),
        ("/usr/bin/ls?", []),
        ("/usr/bin/[k-m]s", ["/usr/bin/ls"]),
        ("/usr/bin/[!k-m]*", ["/usr/bin/*x", "/usr/bin/["]),
        (r"/usr/bin/\*x", ["/usr/bin/*x"]),
        (r"/usr/bin/\[", ["/usr/bin/["]),
        ("/usr/bin/[", ["/usr/bin/["]),
        ("/usr/share/a/*", ["/usr/share/a/.hidden", "/usr/share/a/b"]),
        ("/usr/**/file.txt", ["/usr/share/a/b/file.txt"]),
        ("/usr/share/**/a", ["/usr/share/a"]),
        ("/usr/share/a/**", ["/usr/share/a/.hidden", "/usr/share/a/b", "/usr/share/a/b/file.txt"]),
        ("/usr/{bin/ls,share/a/b,none}", ["/usr/bin/ls", "/usr/share/a/b"]),
        ("/usr/share/new*", ["/usr/share/new\nline"]),
        ("//usr//bin/ls", ["/usr/bin/ls"]),
        ("/b*", ["/bin"]),
        ("/loop/*", []),
        ("/", ["/"]),
        ("/usr/bin/[z-a]*", []),
        ("/usr/bin/[!z-a]s", ["/usr/bin/ls"]),
        ("/usr/bin/[a--l-m]s", ["/usr/bin/ls"]),
        ("/usr/bin/[][]", ["/usr/bin/["]),
        ("/usr/bin/[&&~~||]", []),
        ("/usr/./bin/ls", ["/usr/bin/ls"]),
        ("/bin/../share/a/b", ["/usr/share/a/b"]),
        ("/../usr/bin/..", ["/usr"]),
    ],
)
def test_expand(pattern: str, found: list[str]) -> None:
    assert expand(TREE, pattern.encode()) == [path.encode() for path in found]


@pytest.mark.parametrize("pattern", ["usr/bin/ls", "*", "", "./x"])
def test_only_absolute_globs_make_sense(pattern: str) -> None:
    with pytest.raises(UsageError) as caught:
        alternatives(pattern.encode())
    assert repr(pattern) in caught.value.what
    assert caught.value.hint and "/**/" in caught.value.hint


def test_a_literal_matches_itself_alone() -> None:
    for path in (b"/usr/bin/*x", b"/usr/bin/[", b"/usr/share/new\nline", b"/a{b,c}\\?"):
        assert whole_path([literal(path)]).fullmatch(path)
        assert alternatives(literal(path)) == [literal(path)]
    assert expand(TREE, literal(b"/usr/bin/*x")) == [b"/usr/bin/*x"]
    assert expand(TREE, literal(b"/usr/bin/ls*")) == []


@given(st.binary(max_size=12).filter(lambda name: b"\0" not in name))
def test_any_bytes_are_a_glob(name: bytes) -> None:
    """Range ends the wrong way round and bytes with a meaning for regular expressions were errors once."""
    expand(TREE, b"/usr/bin/[" + name.replace(b"{", b"") + b"]*")


def test_many_stars_take_no_longer_than_one() -> None:
    """Each `**` looked at all that is below each folder again: a hundred took 14 seconds on an image."""
    deep = tree_of(
        {"/" + "/".join("abcdefgh"[:depth]) + f"/{n}": regular() for depth in range(1, 9) for n in range(99)}
    )
    begun = time.process_time()
    assert expand(deep, b"/**" * 2000 + b"/98") == expand(deep, b"/**/98")
    assert time.process_time() - begun < 2


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        (rb"/{a\,b}", [rb"/{a\,b}"]),
        (rb"/{a\,}", [rb"/{a\,}"]),
        (rb"/{a\,b,c}", [rb"/a\,b", b"/c"]),
        (rb"/\{a,b}", [rb"/\{a,b}"]),
        (rb"/{a\}b,c}", [rb"/a\}b", b"/c"]),
        (b"/{,x}", [b"/", b"/x"]),
        (b"/{a,{b,c}}", [b"/a", b"/b", b"/c"]),
        (b"/{a,b", [b"/{a,b"]),
    ],
)
def test_braces(pattern: bytes, found: list[bytes]) -> None:
    assert sorted(set(alternatives(pattern))) == found


def test_alternatives_are_bounded() -> None:
    with pytest.raises(UsageError, match="alternatives"):
        expand(TREE, b"/" + b"{a,b}" * 11)


@pytest.mark.parametrize(
    ("path", "matches"),
    [
        (b"/usr/lib/x.a", True),
        (b"/usr/lib/deep/er/x.a", True),
        (b"/usr/lib/x.so", False),
        (b"/usr/libx/x.a", False),
        (b"/usr/share/gconv/y", True),
        (b"/usr/share/gconv", False),
    ],
)
def test_whole_path(path: bytes, matches: bool) -> None:
    pattern = whole_path([b"/usr/lib/**/*.a", b"/usr/*/gconv/*"])
    assert (pattern.fullmatch(path) is not None) is matches


def test_whole_path_of_nothing_matches_nothing() -> None:
    assert whole_path([]).fullmatch(b"") is None
