"""Events to records: who runs what, as whom and where, and what of the image is used."""

from __future__ import annotations

import pytest

from converter.analyze.users import Credentials
from converter.trace.strace import LogReader
from converter.trace.watch import STEPS, Watcher
from tests.builders.elves import elf
from tests.builders.trees import directory, program, regular, symlink, tree_of

NUMBERS = {59: "execve", 257: "openat", 262: "newfstatat", 39: "getpid", 33: "dup2"}
START = '1 [  59] execve("/dev/u2k-start", ["/dev/u2k-start"], ["A=b"]) = 0'
TREE = tree_of(
    {
        "/bin": symlink(b"usr/bin"),
        "/usr/bin/sh": program(b"\x7fELF"),
        "/usr/bin/prog": program(b"\x7fELF"),
        "/usr/bin/id": program(b"\x7fELF"),
        "/usr/lib/libx.so.1": symlink(b"libx.so.1.2"),
        "/usr/lib/libx.so.1.2": program(b"\x7fELF"),
        "/etc/conf": regular(b"x"),
        "/srv": directory(),
        "/srv/data": regular(b"y"),
        "/loop": symlink(b"loop"),
    }
)


def watched(*lines: str, waited: tuple[bytes, ...] | None = None) -> Watcher:
    watcher = Watcher(TREE, b"/dev/u2k-start", Credentials(uid=0, gid=0), NUMBERS, waited)
    reader = LogReader()
    for line in lines:
        for event in reader.read(line):
            watcher.feed(event)
    return watcher


def executes(pid: int, path: str, *argv: str) -> str:
    words = ", ".join(f'"{each}"' for each in argv or (path.rpartition("/")[2],))
    return f'{pid} [  59] execve("{path}", [{words}], ["PATH=/bin"]) = 0'


def test_nothing_counts_before_the_starter() -> None:
    watcher = watched("1 [  39] getpid() = 1", executes(1, "/usr/bin/bwrap"), START, executes(1, "/bin/prog"))
    assert watcher.main is not None
    assert watcher.main.executable == b"/bin/prog"
    assert (watcher.main.argv, watcher.main.env) == ((b"prog",), (b"PATH=/bin",))
    assert watcher.main.calls == {}


def test_the_last_that_the_first_process_executes_is_the_program() -> None:
    watcher = watched(
        START,
        executes(1, "/bin/sh", "sh", "entry.sh"),
        "1 [ 105] setgid(5) = 0",
        "1 [ 116] setgroups(2, [5, 6]) = 0",
        "1 [ 117] setresuid(7, 7, 7) = 0",
        '1 [  80] chdir("/srv") = 0',
        executes(1, "/bin/prog"),
        "1 [  39] getpid() = 1",
    )
    assert watcher.main is not None
    assert [record.executable for record in watcher.before if record.argv] == [b"/bin/sh"]
    assert (watcher.main.user.uid, watcher.main.user.gid, watcher.main.user.groups) == (7, 5, (5, 6))
    assert watcher.main.cwd == b"/srv"
    assert set(watcher.main.calls) == {"getpid"}


def test_the_umask_goes_from_program_to_program() -> None:
    watcher = watched(START, executes(1, "/bin/sh"), "1 [  95] umask(077) = 022", executes(1, "/bin/prog"))
    assert watcher.main is not None
    assert watcher.main.umask == 0o077
    assert [record.umask for record in watcher.before if record.argv] == [0o022]


def test_a_failed_execve_changes_nothing() -> None:
    failed = '1 [  59] execve("/usr/bin/none", ["none"], []) = -1 ENOENT (No such file or directory)'
    watcher = watched(START, executes(1, "/bin/sh"), failed)
    assert watcher.main is not None
    assert watcher.main.executable == b"/bin/sh"
    assert watcher.main.calls == {"execve": ""}


def test_children_that_execute_are_kept_apart() -> None:
    watcher = watched(
        START,
        executes(1, "/bin/sh"),
        "1 [  56] clone(child_stack=NULL, flags=SIGCHLD) = 2 /* 9 in strace's PID NS */",
        executes(9, "/bin/id"),
        '9 [ 257] openat(AT_FDCWD</>, "/etc/conf", O_RDONLY) = 3</etc/conf>',
        "1 [  57] fork() = 3 /* 10 in strace's PID NS */",
        executes(10, "/bin/id"),
    )
    assert watcher.main is not None
    assert b"/etc/conf" not in watcher.main.files
    assert list(watcher.others) == [b"/bin/id"]
    assert set(watcher.others[b"/bin/id"].files) == {b"/bin", b"/usr/bin/id", b"/etc/conf"}
    assert watcher.main.children == {b"/bin/id": 2}
    assert watcher.main.forks == 0


def test_forked_processes_and_threads_belong_to_the_program() -> None:
    watcher = watched(
        START,
        executes(1, "/bin/prog"),
        "1 [  56] clone(child_stack=NULL, flags=SIGCHLD) = 8",
        "8 [  33] dup2(3, 4) = 4",
        "1 [ 435] clone3({flags=CLONE_VM|CLONE_THREAD|CLONE_SIGHAND, exit_signal=0}, 88) = 9",
        '9 [ 257] openat(AT_FDCWD</>, "/etc/conf", O_RDONLY) = 3</etc/conf>',
    )
    assert watcher.main is not None
    assert {"dup2", "openat"} <= set(watcher.main.calls)
    assert b"/etc/conf" in watcher.main.files
    assert watcher.main.forks == 1
    assert set(watcher.main.arguments) == {("clone.flags", "0")}


def test_a_child_that_speaks_before_its_parent_returns() -> None:
    watcher = watched(
        START,
        executes(1, "/bin/prog"),
        "1 [  58] vfork( <unfinished ...>",
        executes(8, "/bin/id"),
        "1 [  58] <... vfork resumed>) = 2 /* 8 in strace's PID NS */",
        "8 [  39] getpid() = 2",
    )
    assert watcher.main is not None
    assert (watcher.main.forks, watcher.main.children) == (0, {b"/bin/id": 1})
    assert set(watcher.others[b"/bin/id"].calls) == {"getpid"}


def test_files_are_canonical_with_the_links_that_lead_there() -> None:
    watcher = watched(
        START,
        executes(1, "/bin/prog"),
        '1 [ 257] openat(AT_FDCWD</>, "/usr/lib/libx.so.1", O_RDONLY) = 3</usr/lib/libx.so.1.2>',
        "1 [   9] mmap(NULL, 99, PROT_READ|PROT_EXEC, MAP_PRIVATE, 3</usr/lib/libx.so.1.2>, 0) = 0x7f00",
        '1 [ 262] newfstatat(AT_FDCWD</srv>, "data", 0x7ffd, 0) = 0',
        '1 [   4] stat("../etc/./conf", 0x7ffd) = 0',
        '1 [ 257] openat(AT_FDCWD</srv>, "new", O_RDWR|O_CREAT, 0600) = 4</srv/new>',
        '1 [ 257] openat(AT_FDCWD</srv>, "none", O_RDONLY) = -1 ENOENT (No such file or directory)',
        '1 [   4] stat("/loop", 0x7ffd) = 0',
        '1 [ 262] newfstatat(3<pipe:[12]>, "", 0x7ffd, AT_EMPTY_PATH) = 0',
    )
    assert watcher.main is not None
    expected = [
        b"/bin",
        b"/usr/bin/prog",
        b"/usr/lib/libx.so.1",
        b"/usr/lib/libx.so.1.2",
        b"/srv/data",
        b"/etc/conf",
        b"/loop",
    ]
    assert list(watcher.main.files) == expected
    assert list(watcher.main.libraries) == [b"/usr/lib/libx.so.1.2"]


def test_what_is_opened_by_a_path_need_not_have_one() -> None:
    """/dev/stderr that is a pipe: strace shows it as pipe:[5]."""
    watcher = watched(
        START,
        executes(1, "/bin/prog"),
        '1 [ 257] openat(AT_FDCWD</>, "/dev/stderr", O_WRONLY|O_CREAT, 0644) = 3<pipe:[5]>',
    )
    assert watcher.main is not None
    assert set(watcher.main.arguments) == {("open.path", "/dev/stderr")}


@pytest.mark.parametrize("init", ["/usr/bin/tini", "/usr/bin/su", "/usr/sbin/runuser", "/usr/bin/timeout"])
def test_an_init_is_not_the_program_that_it_starts(init: str) -> None:
    """Nor is the script that its child begins with, or what the script runs besides."""
    watcher = watched(
        START,
        executes(1, init, "init", "--", "entry.sh"),
        "1 [  56] clone(child_stack=NULL, flags=SIGCHLD) = 2 /* 8 in strace's PID NS */",
        executes(8, "/bin/sh", "sh", "entry.sh"),
        "8 [  56] clone(child_stack=NULL, flags=SIGCHLD) = 3 /* 9 in strace's PID NS */",
        executes(9, "/bin/id"),
        "1 [  39] getpid() = 1",
        "8 [ 105] setuid(7) = 0",
        executes(8, "/bin/prog"),
        "1 [  56] clone(child_stack=NULL, flags=SIGCHLD) = 4 /* 10 in strace's PID NS */",
        executes(10, "/bin/sh"),
        "1 [ 231] exit_group(0) = ?",
        "1 [ 231] +++ exited with 0 +++",
    )
    assert watcher.main is not None
    assert watcher.init is not None
    assert (watcher.main.executable, watcher.main.user.uid) == (b"/bin/prog", 7)
    assert [record.executable for record in watcher.before if record.argv] == [init.encode(), b"/bin/sh"]
    assert watcher.init.executable == init.encode()
    assert set(watcher.others) == {b"/bin/id", b"/bin/sh"}
    assert watcher.ended is not None


def test_sockets_and_choices() -> None:
    inet = '{sa_family=AF_INET, sin_port=htons(6379), sin_addr=inet_addr("0.0.0.0")}'
    watcher = watched(
        START,
        executes(1, "/bin/prog"),
        "1 [  41] socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_TCP) = 3<socket:[1]>",
        f"1 [  49] bind(3<socket:[1]>, {inet}, 16) = 0",
        "1 [  50] listen(3<socket:[1]>, 511) = 0",
        "1 [  41] socket(AF_UNIX, SOCK_STREAM, 0) = 4<socket:[2]>",
        '1 [  42] connect(4<socket:[2]>, {sa_family=AF_UNIX, sun_path="/run/x"}, 110) = -1 ENOENT (No such)',
        "1 [  16] ioctl(0x1, 0x5401, 0x7ffd) = -1 ENOTTY (Inappropriate ioctl for device)",
        "1 [ 157] prctl(0xf, 0x7ffd, 0, 0, 0) = 0",
        '1 [ 257] openat(AT_FDCWD</>, "/proc/4/status", O_RDONLY) = 5</proc/4/status>',
    )
    assert watcher.main is not None
    assert list(watcher.main.sockets) == ["tcp 0.0.0.0:6379 listen", "unix /run/x connect"]
    assert list(watcher.sockets.listening) == [6379]
    assert set(watcher.main.arguments) == {
        ("socket.domain", "2"),
        ("socket.domain", "1"),
        ("socket.type", "1"),
        ("socket.protocol", "6"),
        ("socket.protocol", "0"),
        ("ioctl", "21505"),
        ("prctl", "15"),
        ("open.path", "/proc/self/status"),
    }


def test_calls_are_named_by_their_numbers() -> None:
    """strace has names of its own for some, and the table of the library OS has them all."""
    watcher = watched(START, executes(1, "/bin/prog"), "1 [  39] some_other_name() = 1")
    assert watcher.main is not None
    assert set(watcher.main.calls) == {"getpid"}


FORK = "1 [  56] clone(child_stack=NULL, flags=SIGCHLD) = {0}"


def test_what_a_script_starts_last_and_waits_for_is_the_program() -> None:
    lines = (
        START,
        executes(1, "/bin/sh"),
        FORK.format(8),
        executes(8, "/bin/id"),
        "8 [ 231] +++ exited with 0 +++",
        FORK.format(9),
        executes(9, "/bin/prog", "prog", "-x"),
        "9 [  39] getpid() = 9",
        "9 [  56] clone(child_stack=NULL, flags=SIGCHLD) = 10",
        executes(10, "/bin/id"),
    )
    watcher = watched(*lines, waited=(b"prog", b"-x"))
    assert watcher.main is not None
    assert watcher.main.argv == (b"prog", b"-x")
    assert (watcher.main.forks, set(watcher.main.children)) == (0, {b"/bin/id"})
    assert [record.executable for record in watcher.before if record.argv] == [b"/bin/sh"]
    other = watched(*lines)
    assert other.main is not None
    assert other.main.argv == (b"sh",)
    assert other.waited_for() == (b"/bin/prog",)


def test_what_the_script_executes_after_all_is_the_program() -> None:
    watcher = watched(
        START,
        executes(1, "/bin/sh"),
        FORK.format(8),
        executes(8, "/bin/prog"),
        executes(1, "/bin/id"),
        waited=(b"prog",),
    )
    assert watcher.main is not None
    assert watcher.main.executable == b"/bin/id"


def test_calls_by_another_table_are_not_taken_for_others_of_the_same_number() -> None:
    mode = "1 [  59] [ Process PID=1 runs in 32 bit mode. ]"
    watcher = watched(START, executes(1, "/bin/prog"), mode, "1 [  39] mkdir(0x1, 0) = -1 EFAULT (Bad)")
    assert watcher.main is not None
    assert (watcher.main.calls, watcher.foreign) == ({}, {"mkdir"})


def test_who_executes_itself_is_named_by_its_file() -> None:
    tree = {"/bin/script": program(b"#!/usr/bin/sh\n"), "/usr/bin/sh": program(elf(entry=64))}
    watcher = Watcher(tree_of(tree), b"/dev/u2k-start", Credentials(), NUMBERS)
    reader = LogReader()
    lines = (
        START,
        executes(1, "/bin/script"),
        "1 [  57] fork() = 8",
        executes(8, "/proc/self/exe", "ls"),
        executes(1, "/proc/1/exe", "sh"),
    )
    for line in lines:
        for event in reader.read(line):
            watcher.feed(event)
    assert list(watcher.others) == [b"/usr/bin/sh"]
    assert watcher.main is not None
    assert watcher.main.executable == b"/usr/bin/sh"


def test_threads_are_one_name() -> None:
    watcher = watched(
        START,
        executes(1, "/bin/prog"),
        '1 [ 257] openat(AT_FDCWD</>, "/proc/self/task/12/comm", O_RDWR) = 3</proc/1/task/12/comm>',
        '1 [ 257] openat(AT_FDCWD</>, "/proc/1/task/13/comm", O_RDWR) = 3</proc/1/task/13/comm>',
    )
    assert watcher.main is not None
    assert set(watcher.main.arguments) == {("open.path", "/proc/self/task/%u/comm")}


def signal(pid: int, code: str = "SEGV_MAPERR") -> str:
    return f"{pid} [   0] --- SIGSEGV {{si_signo=SIGSEGV, si_code={code}, si_addr=0x8}} ---"


HANDLER = "1 [  13] rt_sigaction(SIGSEGV, {sa_handler=0x401000, sa_mask=[]}, NULL, 8) = 0"


def test_a_fault_of_the_first_process_that_nobody_handles_is_its_end() -> None:
    watcher = watched(START, executes(1, "/bin/prog"), signal(1))
    assert watcher.crashed == "SIGSEGV"
    assert watcher.ended is not None
    assert watcher.ended.signal == "SIGSEGV"
    assert watched(START, executes(1, "/bin/prog"), HANDLER, executes(1, "/bin/id"), signal(1)).crashed


def test_signals_that_end_nothing() -> None:
    begun = (START, executes(1, "/bin/prog"))
    assert watched(*begun, HANDLER, signal(1)).crashed is None
    assert watched(*begun, signal(1, "SI_USER")).crashed is None
    assert watched(*begun, "1 [  57] fork() = 8", signal(8)).crashed is None


def test_a_fault_without_end_is_one() -> None:
    assert watched(START, executes(1, "/bin/prog"), HANDLER, *[signal(1)] * 1001).crashed == "SIGSEGV"


def test_only_so_many_steps_are_kept() -> None:
    watcher = watched(START, *[executes(1, "/bin/prog")] * (STEPS + 5))
    assert (len(watcher.before), watcher.more_before) == (STEPS, 4)


def test_an_open_file_is_not_told_again_where_it_is_no_file_of_the_image() -> None:
    watcher = watched(
        START,
        executes(1, "/bin/prog"),
        '1 [ 262] newfstatat(3</proc/1/maps>, "", {st_mode=S_IFREG|0444}, AT_EMPTY_PATH) = 0',
        '1 [ 262] newfstatat(3</etc/conf>, "", {st_mode=S_IFREG|0444}, AT_EMPTY_PATH) = 0',
    )
    assert watcher.main is not None
    assert b"/etc/conf" in watcher.main.files
    assert b"/proc/self/maps" not in watcher.main.files
