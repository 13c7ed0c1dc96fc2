"""Lines of strace's log: whole, cut in two, of threads that execute, with every character a path may have."""

from __future__ import annotations

import pytest

from converter.trace import strace
from converter.trace.strace import Call, Ended, Entered, LogReader, Signalled, Superseded


def read(*lines: str) -> list[strace.Event]:
    reader = LogReader()
    return [event for line in lines for event in reader.read(line)]


def only_call(*lines: str) -> Call:
    (call,) = (event for event in read(*lines) if isinstance(event, Call))
    return call


def test_a_call() -> None:
    call = only_call('12 [ 257] openat(AT_FDCWD</srv>, "a, \\"b\\"", O_RDONLY|O_CLOEXEC) = 3</srv/a, "b">')
    assert (call.pid, call.number, call.name) == (12, 257, "openat")
    arguments, result = call.split()
    assert arguments == ["AT_FDCWD</srv>", '"a, \\"b\\""', "O_RDONLY|O_CLOEXEC"]
    assert strace.string(arguments[1]) == b'a, "b"'
    assert strace.descriptor(arguments[0]) == b"/srv"
    assert strace.descriptor(result) == b'/srv/a, "b"'


def test_no_arguments() -> None:
    arguments, result = only_call("12 [  39] getpid() = 7").split()
    assert (arguments, result) == ([], "7")


def test_a_result_that_looks_like_the_end_of_a_call() -> None:
    call = only_call('12 [ 257] openat(AT_FDCWD</>, "x) = 4", O_RDONLY) = 3</x) = 4>')
    arguments, result = call.split()
    assert strace.string(arguments[1]) == b"x) = 4"
    assert strace.descriptor(result) == b"/x) = 4"


def test_structures_are_one_argument() -> None:
    call = only_call(
        "9 [  49] bind(3<socket:[77]>, {sa_family=AF_INET, sin_port=htons(80), "
        'sin_addr=inet_addr("0.0.0.0")}, 16) = 0'
    )
    arguments, _ = call.split()
    assert len(arguments) == 3
    assert strace.descriptor(arguments[0]) == b"socket:[77]"


def test_a_call_cut_in_two() -> None:
    events = read(
        '12 [ 257] openat(AT_FDCWD</>, "/a", O_RDONLY <unfinished ...>',
        "13 [  39] getpid() = 13",
        "12 [ 257] <... openat resumed>) = 3</a>",
    )
    assert events[0] == Entered(12, "openat")
    assert events[2] == Call(12, 257, "openat", 'openat(AT_FDCWD</>, "/a", O_RDONLY) = 3</a>')


def test_a_thread_that_executes_goes_on_as_its_process() -> None:
    events = read(
        '14 [  59] execve("/bin/true", ["true"], ["A=b"] <pid changed to 12 ...>',
        "12 [ 202] +++ superseded by execve in pid 14 +++",
        "12 [  59] <... execve resumed>) = 0",
    )
    assert events[0] == Superseded(12, 14)
    assert events[1] == Call(12, 59, "execve", 'execve("/bin/true", ["true"], ["A=b"]) = 0')


def test_ends() -> None:
    assert read("12 [ 231] +++ exited with 3 +++") == [Ended(12, 3, None)]
    assert read("12 [   0] +++ killed by SIGSEGV (core dumped) +++") == [Ended(12, None, "SIGSEGV")]


def test_other_words_are_kept() -> None:
    reader = LogReader()
    assert list(reader.read("bwrap: Can't find source path /x: Permission denied")) == []
    assert reader.said == ["bwrap: Can't find source path /x: Permission denied"]


def test_signals_and_who_sent_them() -> None:
    assert read(
        "12 [   0] --- SIGSEGV {si_signo=SIGSEGV, si_code=SEGV_MAPERR, si_addr=NULL} ---",
        "12 [   0] --- SIGSEGV {si_signo=SIGSEGV, si_code=SI_KERNEL, si_addr=NULL} ---",
        "13 [   0] --- SIGABRT {si_signo=SIGABRT, si_code=SI_TKILL, si_pid=1, si_uid=0} ---",
        "13 [   0] --- stopped by SIGSTOP ---",
    ) == [Signalled(12, "SIGSEGV", True), Signalled(12, "SIGSEGV", True), Signalled(13, "SIGABRT", False)]


def test_calls_by_another_table() -> None:
    calls = read(
        "12 [  10] [ Process PID=12 runs in 32 bit mode. ]",
        "12 [  20] getpid() = 1",
        "13 [  39] getpid() = 2",
        "12 [  20] [ Process PID=12 runs in 64 bit mode. ]",
        "12 [  39] getpid() = 1",
    )
    assert [(each.number, each.foreign) for each in calls if isinstance(each, Call)] == [
        (20, True),
        (39, False),
        (39, False),
    ]


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        (r'"plain"', b"plain"),
        (r'"a\nb\tc\"\\"', b'a\nb\tc"\\'),
        (r'"\303\251\0\33[0m"', b"\xc3\xa9\0\x1b[0m"),
        (r'"cut"...', None),
        ("NULL", None),
        ("0x7ffd", None),
    ],
)
def test_strings(argument: str, value: bytes | None) -> None:
    assert strace.string(argument) == value


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ('["a", "b, c", ""]', (b"a", b"b, c", b"")),
        ("[]", ()),
        ('["a", ...]', None),
        ('["a"..., "b"]', None),
        ("NULL", None),
    ],
)
def test_lists_of_strings(argument: str, value: tuple[bytes, ...] | None) -> None:
    assert strace.strings(argument) == value


def test_descriptors() -> None:
    assert strace.descriptor(r"3</tmp/a\74b\12c>") == b"/tmp/a<b\nc"
    assert strace.descriptor("3</tmp/x>(deleted)") is None
    assert strace.descriptor("3") is None
    assert strace.descriptor("-1 ENOENT (No such file or directory)") is None


def test_process_numbers_are_those_of_the_log() -> None:
    assert strace.process_number("2 /* 11549 in strace's PID NS */") == 11549
    assert strace.process_number("11549") == 11549


def test_results() -> None:
    assert strace.failed("-1 ENOENT (No such file or directory)")
    assert strace.failed("?")
    assert not strace.failed("0")
    assert strace.error_name("-1 ENOENT (No such file or directory)") == "ENOENT"
    assert strace.error_name("3</x>") is None


@pytest.mark.parametrize(
    "text", ['openat("' + "\\" * 100_000, "openat(" + "[" * 100_000, 'f("' + "a" * 10**6]
)
def test_a_line_that_never_ends_is_read_in_linear_time(text: str) -> None:
    call = only_call(f"1 [ 1] {text}")
    arguments, result = call.split()
    assert (len(arguments), result) == (1, "")
