"""Lines of the log that say what is missing."""

from __future__ import annotations

from converter.profile.model import Evidence, Profile, Subject
from converter.trace.learn import Learned

SUBJECT = Subject("redis:7", "sha256:0", "linux/amd64", "/x", ("x",), (), "/", (0, 0))
WHY = (Evidence("static", "/x"),)


def learned(*lines: str) -> Learned:
    found = Learned()
    for line in lines:
        assert not found.line(line), "the user sees it too"
    return found


def test_what_could_be_added_and_what_could_not() -> None:
    found = learned(
        "u2k: system call flock (73) is not in this unikernel: ENOSYS; add it with: u2k",
        "u2k: system call flock (73) is not in this unikernel: ENOSYS; add it with: u2k",
        "u2k: system call rseq (334) is not in this unikernel: ENOSYS, programs do without; add it with: u2k",
        "u2k: system call socket (41) is not in the library OS: ENOSYS (docs/reference/syscalls.md)",
        "u2k: part procfs is not in this unikernel: ENOENT; add it with: u2k convert --add-part procfs",
        "u2k: /etc/a b was left out of the root: ENOENT; keep it with: u2k convert --keep '/etc/a b'",
        "u2k: something else (1) is not in this unikernel",
    )
    assert (list(found.calls), list(found.lacked)) == (["flock"], ["socket"])
    assert (list(found.parts), list(found.paths)) == (["procfs"], ["/etc/a b"])
    assert found.anything()
    assert not learned("u2k: system call socket (41) is not in the library OS: ENOSYS").anything()


def test_the_profile_gets_evidence_of_its_own_kind() -> None:
    base = Profile(SUBJECT, "1", syscalls={"read": WHY, "flock": WHY})
    found = learned(
        "u2k: system call flock (73) is not in this unikernel: ENOSYS; add it",
        "u2k: /etc/x was left out of the root: ENOENT; keep it with: u2k convert --keep '/etc/x'",
    ).profile(base)
    assert [each.kind for each in found.syscalls["flock"]] == ["learned", "static"]
    assert found.syscalls["read"] == WHY
    assert [each.kind for each in found.files["/etc/x"]] == ["learned"]
