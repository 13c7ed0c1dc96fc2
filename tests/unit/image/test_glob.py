"""Globs over a tree: as bash has them, links inside the root followed."""

from __future__ import annotations

import pytest

from converter.errors import UsageError
from converter.image.glob import expand, whole_path
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
    ],
)
def test_expand(pattern: str, found: list[str]) -> None:
    assert expand(TREE, pattern.encode()) == [path.encode() for path in found]


@pytest.mark.parametrize("pattern", ["usr/bin/ls", "*", ""])
def test_only_absolute_globs_make_sense(pattern: str) -> None:
    with pytest.raises(UsageError) as caught:
        expand(TREE, pattern.encode())
    assert caught.value.hint and "/**/" in caught.value.hint


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
