"""Records as profiles."""

from __future__ import annotations

from converter.analyze.users import Credentials
from converter.profile.model import Subject
from converter.trace.dynamic import profile_of
from converter.trace.record import Record
from tests.builders import elves
from tests.builders.trees import program, symlink, tree_of

SUBJECT = Subject("", "sha256:0", "linux/amd64", "", (), (), "/", (0, 0))


def test_a_program_that_maps_its_own_file_once_more_is_no_library() -> None:
    tree = tree_of({"/bin/node": program(elves.elf()), "/bin/link": symlink(b"node")})
    libraries = {b"/bin/node": "mapped to be executed", b"/lib/libx.so": "mapped to be executed"}
    record = Record(b"/bin/link", (b"node",), (), b"/", Credentials(), libraries=libraries)
    found = profile_of(record, SUBJECT, tree)
    assert set(found.libraries) == {"/lib/libx.so"}
    assert {"/bin/node", "/lib/libx.so"} <= set(found.files)
    assert found.subject.path == "/bin/node"
