"""A path that could not be followed is one that some text of the image holds, or it stays unknown."""

from __future__ import annotations

import pytest

from converter.analyze.calls.model import StaticCalls
from converter.analyze.libraries.model import RuntimeLibraries
from converter.analyze.program import find_program
from converter.analyze.unknown_paths import told_apart
from converter.image.model import ImageConfig
from converter.image.tree import Inode
from converter.profile.model import ELSEWHERE, Entries, Evidence
from tests.builders.elves import EXEC, elf
from tests.builders.trees import program, regular, tree_of

_WHY = (Evidence("static", "/bin/app", "0x10 to open"),)
_ELF = elf(kind=EXEC, entry=0x400040, dynamic=False)


def paths(
    text: bytes = b"",
    entries: dict[str, Inode] | None = None,
    *,
    arguments: dict[str, Entries] | None = None,
    runtime: RuntimeLibraries | None = None,
    cmd: tuple[str, ...] = ("app",),
) -> list[str]:
    tree = tree_of({"/bin/app": program(_ELF + text), **(entries or {})})
    found = find_program(ImageConfig(architecture="amd64", os="linux", cmd=cmd), tree)
    given = arguments if arguments is not None else {"open.path": {"*": _WHY}}
    told = told_apart(given, tree, found, found.libraries(tree), runtime or RuntimeLibraries())
    return list(told.get("open.path", {}))


def test_nothing_names_a_virtual_file_system() -> None:
    assert paths(b"\0/etc/app.conf\0/process\0/usr/include/sys/types.h\0/srv/dev\0") == [ELSEWHERE]


@pytest.mark.parametrize(
    ("text", "path"),
    [
        (b"\0/proc/self/status\0", "/proc/self/status"),
        (b"\0/proc/%d/stat\0", "/proc/%d/stat"),
        (b"\0/sys\0", "/sys"),
        (b"in /dev/shm.", "/dev/shm."),
        (b"\0/sys%s\0", "/sys%s"),
    ],
)
def test_a_text_of_the_program(text: bytes, path: str) -> None:
    assert paths(text) == [ELSEWHERE, path]


def test_what_code_of_the_program_gets_at() -> None:
    """Where the code was read, the texts that nothing refers to are left out."""
    calls = StaticCalls(texts={"/bin/app": (b"/proc/self/maps",)})
    assert paths(b"\0/proc/self/status\0", runtime=RuntimeLibraries(calls=calls)) == [
        ELSEWHERE,
        "/proc/self/maps",
    ]


def test_words_and_files_of_the_author() -> None:
    assert paths(cmd=("app", "--log=/dev/stderr")) == [ELSEWHERE, "/dev/stderr"]
    conf = {"/etc/app.conf": regular(b"entropy /dev/urandom\n")}
    assert paths(entries=conf) == [ELSEWHERE, "/dev/urandom"]


def test_what_is_no_path_that_a_program_opens() -> None:
    entries = {
        "/etc/passwd": regular(b"sys:x:3:3:sys:/dev:/usr/sbin/nologin\n"),
        "/var/lib/dpkg/info/x.postinst": regular(b"test -d /proc\n"),
    }
    assert paths(entries=entries) == [ELSEWHERE]


def test_open_code_may_make_any_path() -> None:
    assert paths(runtime=RuntimeLibraries(open=("an interpreter",))) == ["*"]
    assert paths(runtime=RuntimeLibraries(calls=StaticCalls(open=("a JIT",)))) == ["*"]


def test_too_much_to_search(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("converter.analyze.unknown_paths._FILES_MAX", 10)
    assert paths(entries={"/srv/data": regular(b"x" * 11)}) == ["*"]


def test_programs_that_could_not_be_told() -> None:
    known = {"execve.path": {"*": _WHY}}
    assert paths(b"\0/proc/self/exe\0", arguments=known) == ["/proc/self/exe"]
    assert known == {"execve.path": {"*": _WHY}}


def test_known_paths_stay_as_they_are() -> None:
    known = {"open.path": {"/proc/stat": _WHY}}
    assert paths(b"\0/sys/x\0", arguments=known) == ["/proc/stat"]


def test_paths_that_the_library_puts_together() -> None:
    calls = StaticCalls(called={"pthread_setname_np": ("/bin/app",), "puts": ("/bin/app",)})
    assert paths(runtime=RuntimeLibraries(calls=calls)) == [ELSEWHERE, "/proc/self/task/%u/comm"]
