"""USER by the image's own passwd and group, docker's way, with hostile files."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from converter.analyze.users import Credentials, resolve_user
from converter.errors import IncompatibleImageError
from converter.image.tree import FileKind, FileTree, Inode
from tests.builders.trees import directory, regular, symlink, tree_of

_PASSWD = b"""root:x:0:0:root:/root:/bin/sh
broken line
nan:x:zero:0::/:
huge:x:99999999999:0::/:
web:x:33:34:www:/var/www:/bin/false
1000:x:1234:1234::/named-by-number:
short:x:77:78
"""
_GROUP = b"""root:x:0:
:x:5:web
web:x:34:
log:x:40:other,web
video:x:44:web
bad:x:-1:web
"""


def files(passwd: bytes = _PASSWD, group: bytes = _GROUP) -> FileTree:
    return tree_of({"/etc/passwd": regular(passwd), "/etc/group": regular(group)})


@pytest.mark.parametrize(
    ("user", "expected"),
    [
        ("", Credentials(0, 0, (0,), b"/root", b"root")),
        ("web", Credentials(33, 34, (34, 40, 44), b"/var/www", b"web")),
        ("33", Credentials(33, 34, (34, 40, 44), b"/var/www", b"web")),
        ("web:log", Credentials(33, 40, (40,), b"/var/www", b"web")),
        ("web:44", Credentials(33, 44, (44,), b"/var/www", b"web")),
        ("5000", Credentials(5000, 0, (0,), b"/", None)),
        ("5000:6000", Credentials(5000, 6000, (6000,), b"/", None)),
        (":log", Credentials(0, 40, (40,), b"/root", b"root")),
        ("1000", Credentials(1234, 1234, (1234,), b"/named-by-number", b"1000")),
        ("short", Credentials(77, 78, (78,), b"/", b"short")),
        ("2147483647", Credentials(2147483647, 0, (0,), b"/", None)),
    ],
)
def test_who_it_is(user: str, expected: Credentials) -> None:
    assert resolve_user(files(), user) == expected


@pytest.mark.parametrize("user", ["nobody", "nan", "huge", "web:nogroup", "-1", "2147483648", "²", "web:bad"])
def test_names_that_are_not_there(user: str) -> None:
    with pytest.raises(IncompatibleImageError, match="does not have") as caught:
        resolve_user(files(), user)
    assert caught.value.where == "USER" and caught.value.hint


def test_without_files_numbers_still_work() -> None:
    assert resolve_user(FileTree.empty(), "") == Credentials()
    assert resolve_user(FileTree.empty(), "8:9").gid == 9
    assert resolve_user(tree_of({"/etc/passwd": directory()}), "8").uid == 8
    with pytest.raises(IncompatibleImageError):
        resolve_user(FileTree.empty(), "root")


def test_passwd_may_be_a_link_inside_the_root() -> None:
    tree = tree_of(
        {"/etc/passwd": symlink(b"/../../usr/passwd"), "/usr/passwd": regular(b"me:x:7:8::/me:\n")}
    )
    assert resolve_user(tree, "me").uid == 7


def test_passwd_of_ten_gigabytes_is_refused() -> None:
    with pytest.raises(IncompatibleImageError):
        resolve_user(tree_of({"/etc/passwd": Inode(FileKind.REGULAR, size=10 << 30)}), "me")


@given(st.binary(max_size=200), st.binary(max_size=200), st.text(max_size=10))
def test_noise_gives_ids_in_range_or_an_error(passwd: bytes, group: bytes, user: str) -> None:
    try:
        found = resolve_user(files(passwd, group), user)
    except IncompatibleImageError:
        return
    assert all(0 <= number < 1 << 31 for number in (found.uid, found.gid, *found.groups))
