"""From configuration and tree to the program: docker's rules, and a clear error for each way to fail."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from converter.analyze.command import DEFAULT_PATH
from converter.analyze.executable import Script
from converter.analyze.ports import Port
from converter.analyze.program import Program, find_program
from converter.errors import IncompatibleImageError
from converter.image.model import ImageConfig
from converter.image.tree import FileKind, Inode
from tests.builders.elves import ARM64, EXEC, elf
from tests.builders.trees import directory, program, regular, symlink, tree_of

_STATIC = elf(kind=EXEC, entry=0x400040, dynamic=False)
_APP = {"/bin/app": program(_STATIC)}


def config(**fields: object) -> ImageConfig:
    return ImageConfig(**{"architecture": "amd64", "os": "linux", "cmd": ("app",), **fields})


def find(entries: Mapping[str, Inode], **fields: object) -> Program:
    return find_program(config(**fields), tree_of(entries))


def fails(entries: Mapping[str, Inode], **fields: object) -> IncompatibleImageError:
    with pytest.raises(IncompatibleImageError) as caught:
        find(entries, **fields)
    assert caught.value.hint and caught.value.exit_code == 3
    return caught.value


@pytest.mark.parametrize(
    ("entrypoint", "args", "argv"),
    [
        (None, None, (b"app", b"-a", b"cmd")),
        (None, ["x", "y"], (b"app", b"-a", b"x", b"y")),
        (None, [], (b"app", b"-a", b"cmd")),
        (["app"], None, (b"app",)),
        (["app"], ["x"], (b"app", b"x")),
        ([], ["app", "x"], (b"app", b"x")),
    ],
)
def test_overrides_as_with_docker_run(
    entrypoint: list[str] | None, args: list[str] | None, argv: tuple[bytes, ...]
) -> None:
    image = config(entrypoint=("app", "-a"), cmd=("cmd",))
    assert find_program(image, tree_of(_APP), entrypoint=entrypoint, args=args).argv == argv


def test_odd_bytes_in_arguments_survive() -> None:
    assert find(_APP, cmd=("app", "é", "\udcff", "\ud800")).argv[1:] == (b"\xc3\xa9", b"\xff", b"?")
    assert "NUL" in str(fails(_APP, cmd=("app", "a\0b")))


def test_environment_defaults_and_order() -> None:
    plain = find(_APP).environment
    assert list(plain.items()) == [(b"PATH", DEFAULT_PATH), (b"HOME", b"/")]
    env = ("A=1", "HOME=/h", "PATH=/bin", "A=2=3", "=x", "B")
    assert list(find(_APP, env=env).environment.items()) == [
        (b"PATH", b"/bin"),
        (b"A", b"2=3"),
        (b"HOME", b"/h"),
    ]


def test_path_search_takes_the_first_executable_file() -> None:
    entries = {
        "/a/app": regular(_STATIC, 0o644),
        "/b/app": directory(),
        "/c/app": symlink(b"/opt/real"),
        "/d/app": program(_STATIC),
        "/opt/real": program(_STATIC),
    }
    found = find(entries, env=("PATH=/a:/b:/c:/d",))
    assert (found.argv, found.executable.path, found.executable.real_path) == (
        (b"app",),
        b"/c/app",
        b"/opt/real",
    )
    assert "not executable" in str(fails(entries, env=("PATH=/a",)))
    assert "is a directory" in str(fails(entries, env=("PATH=/b",)))


def test_working_directory_and_relative_program() -> None:
    found = find({"/srv/app": program(_STATIC), "/www": symlink(b"srv")}, working_dir="/www/", cmd=("./app",))
    assert (found.cwd, found.executable.real_path, found.missing_folders) == (b"/srv", b"/srv/app", ())


def test_missing_folders_are_made_as_docker_does() -> None:
    entries = _APP | {"/var": symlink(b"/data/var"), "/data/var": directory()}
    found = find(entries, working_dir="/var/new/deep", volumes=("/var/new", "/bin", "/v/../w"))
    assert found.cwd == b"/data/var/new/deep"
    assert found.volumes == (b"/data/var/new", b"/bin", b"/w")
    assert found.missing_folders == (b"/data/var/new", b"/data/var/new/deep", b"/w")
    tree = found.with_missing_folders(tree_of(entries))
    assert tree[b"/data/var/new/deep"].kind is FileKind.DIRECTORY and b"/w" in tree


@pytest.mark.parametrize(
    ("where", "message"),
    [("relative", "no absolute path"), ("/bin/app/x", "not a directory"), ("/dangling/x", "link to nowhere")],
)
def test_impossible_working_directories(where: str, message: str) -> None:
    entries = _APP | {"/dangling": symlink(b"/nowhere")}
    assert message in str(fails(entries, working_dir=where))
    assert fails(entries, working_dir="/", volumes=(where,)).where == "VOLUME"


def test_ports_and_stop_signal() -> None:
    found = find(_APP, exposed_ports=("443/TCP", "80", "53/udp", "90-92"), stop_signal="SIGQUIT")
    assert found.ports == (Port(53, "udp"), Port(80), Port(90), Port(91), Port(92), Port(443))
    assert (found.stop_signal, find(_APP).stop_signal) == (3, 15)
    assert find(_APP, stop_signal="rtmin+3").stop_signal == 37
    assert find(_APP, stop_signal="9").stop_signal == 9


@pytest.mark.parametrize("text", ["SIGNONE", "0", "65", "SIGRTMIN+99", "RTMIN+-", "RTMINX", "-1", "²"])
def test_signals_that_are_none(text: str) -> None:
    assert fails(_APP, stop_signal=text).where == "STOPSIGNAL"


@pytest.mark.parametrize("text", ["0", "65536", "80/xyz", "9-8", "x", "", "-1", "80-", "999999"])
def test_ports_that_are_none(text: str) -> None:
    assert fails(_APP, exposed_ports=(text,)).where == "EXPOSE"


def script(line: bytes) -> Inode:
    return program(line + b"\nexit\n")


def test_script_chain_leads_to_the_elf_file_and_argv_stays() -> None:
    entries = {
        "/bin/app": script(b"#! \t/bin/wrap  -x  y \t"),
        "/bin/wrap": script(b"#!/bin/sh"),
        "/bin/sh": symlink(b"dash"),
        "/bin/dash": program(_STATIC),
    }
    found = find(entries, cmd=("app", "arg"))
    assert found.argv == (b"app", b"arg")
    assert found.executable.scripts == (
        Script(b"/bin/app", b"/bin/wrap", b"-x  y"),
        Script(b"/bin/wrap", b"/bin/sh", None),
    )
    assert (found.executable.loaded, found.executable.loaded_real_path) == (b"/bin/sh", b"/bin/dash")
    assert found.elf.type == "EXEC"


def test_scripts_may_nest_four_deep() -> None:
    entries = {f"/bin/s{number}": script(b"#!/bin/s%d" % (number + 1)) for number in range(5)}
    entries["/bin/s4"] = program(_STATIC)
    assert len(find(entries, cmd=("s0",)).executable.scripts) == 4
    entries["/bin/s4"] = script(b"#!/bin/s5")
    entries["/bin/s5"] = program(_STATIC)
    assert "interpret each other" in str(fails(entries, cmd=("s0",)))
    assert "interpret each other" in str(fails({"/bin/app": script(b"#!/bin/app")}))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"#!/bin/nosh", "/bin/nosh, the interpreter of /bin/app, is not in the image"),
        (b"#!/bin/sh\r", "is not in the image"),
        (b"#!/etc", "is a directory"),
        (b"#!/etc/data", "not executable"),
        (b"#!", "names no interpreter"),
        (b"#!" + b"/" * 300, "too long"),
        (b"echo hello", "neither an ELF program nor a script"),
        (b"", "neither an ELF program nor a script"),
    ],
)
def test_scripts_that_cannot_run(line: bytes, message: str) -> None:
    assert message in str(fails({"/bin/app": script(line), "/etc/data": regular(b"x")}))


def test_windows_line_ends_are_told() -> None:
    error = fails({"/bin/app": script(b"#!/bin/sh\r"), "/bin/sh": program(_STATIC)})
    assert "Windows" in (error.hint or "")


def test_images_that_cannot_run() -> None:
    assert "names no program" in str(fails(_APP, cmd=()))
    assert "is empty" in str(fails(_APP, cmd=("",)))
    assert "'other' is not in the image" in str(fails(_APP, cmd=("other",)))
    assert "/no/app is not in the image" in str(fails(_APP, cmd=("/no/app",)))
    assert "is a directory" in str(fails(_APP, cmd=("/bin",)))
    assert "not executable" in str(fails({"/bin/app": Inode(FileKind.FIFO, 0o755)}))
    assert "corrupt ELF" in str(fails({"/bin/app": program(_STATIC[:90])}))
    arm = fails({"/bin/app": program(elf(machine=ARM64, kind=EXEC))})
    assert "is for arm64, the image says amd64" in str(arm) and "--platform" in (arm.hint or "")
    assert "symbolic links" in str(fails({"/bin/app": symlink(b"/bin/app")}))


def test_execute_permission_is_the_users() -> None:
    entries = {"/bin/app": regular(_STATIC, 0o750, uid=5, gid=50)}
    for user in ("0", "5", "7:50"):
        assert find(entries, user=user).user.uid == int(user.partition(":")[0])
    assert "not executable for user 7" in str(fails(entries, user="7"))


def test_libraries_of_the_program_and_what_is_missing() -> None:
    loader = "/lib/ld-musl-x86_64.so.1"
    entries = {
        "/bin/app": program(elf(interpreter=loader.encode(), needed=[b"libz.so.1"])),
        loader: program(elf()),
        "/opt/libz.so.1": regular(elf()),
    }
    found = find(entries, env=("LD_LIBRARY_PATH=/opt",))
    assert [library.path for library in found.libraries(tree_of(entries)).libraries] == [b"/opt/libz.so.1"]
    with pytest.raises(IncompatibleImageError, match=r"libz\.so\.1 is missing, wanted by /bin/app"):
        find(entries).libraries(tree_of(entries))
