"""What an engine adds to the files of a container, for a root that the kernel does not write."""

from __future__ import annotations

from converter.image.tree import FileKind
from converter.rootfs.engine import with_engine_files
from tests.builders.trees import directory, program, regular, symlink, tree_of

FOLDERS = (b"/dev", b"/proc", b"/sys", b"/etc")
FILES = (b"/etc/hostname", b"/etc/hosts", b"/etc/resolv.conf")


def test_an_image_of_one_program() -> None:
    made = with_engine_files(tree_of({"/app": program(b"x")}))
    assert all(made[path].kind is FileKind.DIRECTORY for path in FOLDERS)
    assert all(made[path].kind is FileKind.REGULAR and not made[path].size for path in FILES)


def test_what_is_there_stays() -> None:
    own, empty = regular(b"10.0.0.1 db\n"), regular(b"")
    tree = tree_of({"/etc/hosts": own, "/etc/resolv.conf": empty, "/dev": directory(0o700)})
    made = with_engine_files(tree)
    assert made[b"/etc/hosts"] is own and made[b"/etc/resolv.conf"] is empty
    assert b"/etc/hostname" in made and made[b"/dev"].mode == 0o700


def test_odd_images() -> None:
    """/etc is a link: nothing is put where it may lead. With everything there the tree is the same."""
    made = with_engine_files(tree_of({"/etc": symlink(b"/usr/etc")}))
    assert b"/etc/hosts" not in made and b"/proc" in made
    assert with_engine_files(made) is made
