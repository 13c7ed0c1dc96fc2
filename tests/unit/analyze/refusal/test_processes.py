"""Programs that are several processes from the start."""

from __future__ import annotations

import pytest

from converter.analyze.entrypoint import Resolution
from tests.builders.trees import program as executable
from tests.builders.trees import regular
from tests.unit.analyze.entrypoint.images import NOTHING, resolved
from tests.unit.analyze.refusal.facts import Evidence, needs, passing, program, seen, site

NEED = "more than one process"
FORK, THREAD = "18874368", str(0x3D0F00)  # CLONE_CHILD_*TID; pthread_create's flags, with CLONE_THREAD
UNDECIDED = "an entrypoint that can be read"


def named(*argv: str, **files: str) -> Resolution:
    entries = {f"/bin/{argv[0]}": executable(NOTHING)}
    entries |= {path: regular(text.encode()) for path, text in files.items()}
    return program(*argv, files=entries)


def test_that_it_can_fork_is_no_reason() -> None:
    calls = {"clone": [site("_Fork")], "vfork": [site("vfork")]}
    assert needs(None, calls, arguments={"clone.flags": {FORK: [passing("_Fork <- server:main")]}}) == {}


def test_what_was_seen() -> None:
    assert "made 2 processes" in needs(forked=2)[NEED].evidence[0].detail
    assert "started /bin/date" in needs(started=("/bin/date",))[NEED].evidence[0].detail
    assert NEED in needs(None, {"vfork": [seen()]})
    assert NEED in needs(arguments={"clone.flags": {FORK: [seen()]}})
    other = {THREAD: [seen()], "*": [seen()], "\u00b2": [seen()], "9" * 5000: [seen()]}
    assert needs(arguments={"clone.flags": other}) == {}
    assert needs(forked=2, handlers=("fork",)) == {}


def test_where_the_code_forks_is_told() -> None:
    threads = Evidence("static", "/lib/libc.so.6", "__clone+0x30 at 0x2 <- pthread_create <- server:f")
    calls = {"clone": [threads, site("_Fork", "fork <- server:main")]}
    flags = {FORK: [passing("_Fork <- server:main", "/lib/libc.so.6")], "*": [passing("start to __clone")]}
    found = needs(None, calls, arguments={"clone.flags": flags}, forked=1)[NEED]
    assert found.evidence[1] == site("_Fork", "fork <- server:main")


def test_a_script_that_leaves_a_process_running() -> None:
    found = needs(resolved("worker &\nexec server"))
    assert set(found) == {NEED, UNDECIDED}
    assert "/entry.sh, line 2: starts a process in the background" in found[NEED].evidence[0].detail
    assert needs(resolved("worker &\nexec server"), handlers=("fork",)).keys() == {UNDECIDED}


@pytest.mark.parametrize(
    "script", ["server; echo done", "echo a | cat; echo b", 'x=$(pwd)\necho "$x"', "mkdir /a; cd /a"]
)
def test_a_shell_that_stays_and_starts_others(script: str) -> None:
    found = needs(resolved(script))
    assert set(found) == {NEED}
    assert "/entry.sh, line 2" in found[NEED].evidence[0].detail


@pytest.mark.parametrize(
    "script",
    [
        "for x in 1 2; do echo $x > /data/$x; done",  # the shell alone
        'mkdir /run; x=$(id -u)\nexec server "$x"',  # read, and done when the image is made
        "server -x",  # in the place of the shell
    ],
)
def test_scripts_that_need_one_process(script: str) -> None:
    assert needs(resolved(script)) == {}


@pytest.mark.parametrize(
    ("argv", "refused"),
    [
        (("supervisord", "-n"), True),
        (("s6-svscan", "/etc/s6"), True),
        (("postgres", "-D", "/data"), True),
        (("postgres", "--single", "db"), False),
        (("nginx", "-g", "daemon off;"), True),
        (("nginx", "-g", "daemon off; master_process off;"), False),
        (("haproxy", "-W", "-db"), True),
        (("haproxy", "-db"), False),
        (("php-fpm8.2", "-F"), True),
        (("apache2", "-X"), False),
        (("server",), False),
    ],
)
def test_programs_that_are_known(argv: tuple[str, ...], refused: bool) -> None:
    found = needs(named(*argv))
    assert (NEED in found) is refused
    assert needs(named(*argv), handlers=("fork",)) == {}


def test_a_script_has_the_name_of_its_own() -> None:
    files = {"/bin/python3": executable(NOTHING), "/bin/supervisord": "#!/bin/python3\nimport supervisor\n"}
    assert NEED in needs(program("supervisord", files=files))


def test_a_configuration_that_says_otherwise() -> None:
    nginx = named("nginx", **{"/etc/nginx/nginx.conf": "user x;\n  master_process  off;\n"})
    assert needs(nginx) == {}
    commented = named("nginx", **{"/etc/nginx/nginx.conf": "# master_process off;\n"})
    assert NEED in needs(commented)
