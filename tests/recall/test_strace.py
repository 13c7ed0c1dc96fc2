"""Who made which call, when processes fork, execute, thread and end in every order that strace can show."""

from __future__ import annotations

from tests.recall.strace import calls_by_program, merged


def seen(text: str, launchers: int = 0) -> dict[str, list[str]]:
    programs = calls_by_program(text.strip().splitlines(), launchers)
    return {program: sorted(calls) for program, calls in programs.items()}


def test_a_program_has_what_comes_after_its_exec() -> None:
    text = """
10 execve("/bin/a", ["a"], 0x7ffc /* 3 vars */) = 0
10 brk(NULL) = 0x5555
10 exit_group(0) = ?
10 +++ exited with 0 +++
"""
    assert seen(text) == {"/bin/a": ["brk", "exit_group"]}


def test_an_exec_that_fails_changes_nothing_and_counts() -> None:
    text = """
10 execve("/bin/a", ["a"], 0x7ffc /* 3 vars */) = 0
10 execve("/usr/local/bin/b", ["b"], 0x7ffc /* 3 vars */) = -1 ENOENT (No such file or directory)
10 execve("/bin/b", ["b"], 0x7ffc /* 3 vars */) = 0
10 getpid() = 10
"""
    assert seen(text) == {"/bin/a": ["execve"], "/bin/b": ["getpid"]}


def test_a_forked_child_counts_for_its_parent_until_it_executes() -> None:
    text = """
10 execve("/bin/a", ["a"], 0x7ffc /* 3 vars */) = 0
10 vfork( <unfinished ...>
11 dup2(3, 1) = 1
11 execve("/bin/b", ["b"], 0x7ffc /* 3 vars */ <unfinished ...>
10 <... vfork resumed>) = 11
11 <... execve resumed>) = 0
11 getuid() = 0
10 wait4(-1, NULL, 0, NULL) = 11
"""
    assert seen(text) == {"/bin/a": ["dup2", "execve", "vfork", "wait4"], "/bin/b": ["getuid"]}


def test_a_child_that_ended_before_its_clone_returned() -> None:
    text = """
10 execve("/bin/a", ["a"], 0x7ffc /* 3 vars */) = 0
10 clone(child_stack=NULL, flags=CLONE_CHILD_CLEARTID|SIGCHLD, child_tidptr=0x7f) = ? <unfinished ...>
11 chdir("/") = 0
11 exit_group(0) = ?
11 +++ exited with 0 +++
10 <... clone resumed>) = 11
"""
    assert seen(text) == {"/bin/a": ["chdir", "clone", "exit_group"]}


def test_ids_are_used_again() -> None:
    text = """
10 execve("/bin/sh", ["sh"], 0x7ffc /* 3 vars */) = 0
10 fork() = 11
11 execve("/bin/a", ["a"], 0x7ffc /* 3 vars */) = 0
11 +++ exited with 0 +++
10 fork() = 11
11 getppid() = 10
11 execve("/bin/b", ["b"], 0x7ffc /* 3 vars */) = 0
11 getgid() = 0
"""
    assert seen(text) == {"/bin/sh": ["execve", "fork", "getppid"], "/bin/a": [], "/bin/b": ["getgid"]}


def test_threads_are_their_program_s() -> None:
    text = """
10 execve("/bin/a", ["a"], 0x7ffc /* 3 vars */) = 0
10 clone3({flags=CLONE_VM|CLONE_THREAD, exit_signal=0}, 88 <unfinished ...>
12 futex(0x7f, FUTEX_WAIT_PRIVATE, 2, NULL <unfinished ...>
10 <... clone3 resumed> => {parent_tid=[12]}, 88) = 12
10 write(1, "a = b) = 7", 10) = 10
12 <... futex resumed>) = 0
"""
    assert seen(text) == {"/bin/a": ["clone3", "futex", "write"]}


def test_launchers_count_for_nobody() -> None:
    text = """
10 execve("/usr/bin/python3", ["python3"], 0x7ffc /* 3 vars */) = 0
10 chroot("/tmp/x") = 0
10 execve("/bin/a", ["a"], 0x7ffc /* 3 vars */) = 0
10 getpid() = 10
"""
    assert seen(text, launchers=1) == {"/bin/a": ["getpid"]}


def test_a_program_that_executes_itself() -> None:
    text = """
10 execve("/bin/box", ["sh"], 0x7ffc /* 3 vars */) = 0
10 execve("/proc/self/exe", ["ls"], 0x7ffc /* 3 vars */) = 0
10 getdents64(3, 0x55, 32768) = 0
"""
    assert seen(text) == {"/bin/box": ["execve", "getdents64"]}


def test_signals_and_noise_are_no_calls() -> None:
    text = """
10 execve("/bin/a", ["a"], 0x7ffc /* 3 vars */) = 0
10 --- SIGALRM {si_signo=SIGALRM, si_code=SI_KERNEL} ---
10 rt_sigreturn({mask=[]}) = 0
strace: Process 12 attached
10 syscall_0x1c0(0, 0, 0, 0, 0, 0) = -1 ENOSYS (Function not implemented)
"""
    assert seen(text) == {"/bin/a": ["rt_sigreturn", "syscall_0x1c0"]}


def test_union_of_runs_keeps_the_first_line() -> None:
    runs = [{"/bin/a": {"brk": "brk(NULL) = 1"}}, {"/bin/a": {"brk": "brk(NULL) = 2", "read": "read(0) = 0"}}]
    assert merged(runs) == {"/bin/a": {"brk": "brk(NULL) = 1", "read": "read(0) = 0"}}
