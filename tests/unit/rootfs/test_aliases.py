"""Names through links that were left out with what they lead to."""

from __future__ import annotations

import pytest

from converter.rootfs import aliases as module
from converter.rootfs.aliases import aliases
from tests.builders.trees import regular, symlink, tree_of

TREE = tree_of(
    {
        "/usr/share/perl/5.36": symlink(b"5.36.0"),
        "/usr/share/perl/5.36.0/x.pm": regular(),
        "/usr/share/perl/5.36.0/y/z.pm": regular(),
        "/usr/share/perl/5.36.01/other": regular(),
        "/usr/share/kept": symlink(b"perl/5.36.0"),
        "/usr/share/nowhere": symlink(b"none"),
        "/usr/share/file": symlink(b"perl/5.36.0/x.pm"),
        "/loop/again": symlink(b"/loop"),
    }
)
FOLDER = b"/usr/share/perl/5.36.0"


def test_paths_by_way_of_a_link() -> None:
    gone = [b"/usr/share/perl/5.36", FOLDER, FOLDER + b"/x.pm", FOLDER + b"/y", FOLDER + b"/y/z.pm"]
    more = [b"/usr/share/nowhere", b"/usr/share/file", b"/usr/share/perl/5.36.01/other"]
    names = (b"/usr/share/perl/5.36/x.pm", b"/usr/share/perl/5.36/y", b"/usr/share/perl/5.36/y/z.pm")
    assert aliases(TREE, [*gone, *more]) == names
    assert aliases(TREE, gone[1:]) == (), "the link is still there"


def test_a_link_to_its_own_folder_ends() -> None:
    assert aliases(TREE, [b"/loop", b"/loop/again"]) == (b"/loop/again/again",)


def test_there_is_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LIMIT", 2)
    gone = [b"/usr/share/perl/5.36", FOLDER + b"/x.pm", FOLDER + b"/y", FOLDER + b"/y/z.pm"]
    assert len(aliases(TREE, gone)) == 2
