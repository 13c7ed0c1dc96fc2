"""BOOT_SITES: places in the root image, ascending; what cannot be told is left out."""

from __future__ import annotations

from converter.link.sites import packed_sites
from converter.rootfs.layout import plan
from tests.builders.trees import program, tree_of

TREE = tree_of({"/bin": program(b"a" * 5000), "/lib": program(b"b" * 9000), "/other": program(b"c")})
LAYOUT = plan(TREE)
AT = {extent.path: extent.offset for extent in LAYOUT.extents}


def test_sites_are_where_the_files_are() -> None:
    found = packed_sites({"/lib": ((17, 5), (4100, 12)), "/bin": ((3, 7),)}, TREE, LAYOUT)
    wanted = [(AT[b"/lib"] + 17, 5), (AT[b"/lib"] + 4100, 12), (AT[b"/bin"] + 3, 7)]
    assert [(each // 8, each % 8 + 5) for each in found] == sorted(wanted)
    assert list(found) == sorted(found)


def test_files_that_are_not_in_the_root_have_none() -> None:
    slim = plan(tree_of({"/lib": TREE[b"/lib"]}))
    assert packed_sites({"/bin": ((3, 7),)}, TREE, slim) == ()


def test_what_has_no_room_in_32_bits_is_left_out() -> None:
    assert packed_sites({"/bin": ((1 << 29, 5), (3, 13), (4, 5))}, TREE, LAYOUT) == ((AT[b"/bin"] + 4) * 8,)
