"""Arguments that choose parts of the library OS."""

from __future__ import annotations

import pytest

from converter.analyze.calls.arguments import _MAX_VALUES
from tests.unit.analyze.calls.conftest import Analyse

PIE = ("-static-pie", "-fpie")


@pytest.mark.parametrize(
    ("code", "choice", "values"),
    [
        ("call(41, 2, 1 | 0x80000, 0);", "socket.domain", ["2"]),
        ("call(41, 2, 1 | 0x80000, 0);", "socket.type", ["1"]),
        ("call(53, 1, 1, 0);", "socket.domain", ["1"]),
        ("call(16, 0, 0x5413, 0);", "ioctl", ["21523"]),
        ("call(157, 15, 0, 0);", "prctl", ["15"]),
        ("call(72, 3, 4, 0);", "fcntl", ["4"]),
        ("call(41, n, 1, 0);", "socket.domain", ["*"]),
        ("call(41, n ? 2 : 10, 1, 0);", "socket.domain", ["10", "2"]),
    ],
)
def test_numbers(analyse: Analyse, code: str, choice: str, values: list[str]) -> None:
    found = analyse(f"void _start(int n) {{ {code} }}", *PIE)
    assert list(found.arguments[choice]) == values


def test_number_through_a_wrapper(analyse: Analyse) -> None:
    found = analyse(
        """
        __attribute__((noinline)) long make(int type, int domain) { return call(41, domain, type, 0); }
        void _start(void) { make(1, 2); make(2, 10); }
        """,
        *PIE,
    )
    assert list(found.arguments["socket.domain"]) == ["10", "2"]
    assert list(found.arguments["socket.type"]) == ["1", "2"]
    (why,) = found.arguments["socket.domain"]["10"]
    assert (why.source, why.detail) == ("/bin/program", "_start to make <- entry point")


def test_paths_that_choose_file_systems(analyse: Analyse) -> None:
    """Others choose nothing, and are not told."""
    found = analyse(
        """
        __attribute__((noinline)) long see(const char *path) { return call(2, (long)path, 0, 0); }
        void _start(void) { see("/proc/self/maps"); see("/etc/passwd"); see("/dev/zero"); }
        """,
        *PIE,
    )
    assert list(found.arguments["open.path"]) == ["/dev/zero", "/proc/self/maps"]


def test_path_that_comes_from_outside(analyse: Analyse) -> None:
    found = analyse("void _start(const char *path) { call(2, (long)path, 0, 0); }", *PIE)
    assert list(found.arguments["open.path"]) == ["*"]


def test_too_many_values_count_as_any(analyse: Analyse) -> None:
    calls = "\n".join(f"mov ${number}, %esi\nmov $16, %eax\nsyscall" for number in range(_MAX_VALUES + 9))
    found = analyse(f".globl _start\n_start: {calls}\nhlt", *PIE, language="assembly")
    assert len(found.arguments["ioctl"]) == _MAX_VALUES + 1
    assert "*" in found.arguments["ioctl"]
