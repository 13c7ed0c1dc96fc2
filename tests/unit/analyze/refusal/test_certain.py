"""What a main function does whatever happens, and what only perhaps."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from converter.analyze.calls.instructions import Step
from converter.analyze.refusal.certain import CallSite, certain_call, on_each_way
from tests.builders.programs import compiled
from tests.builders.trees import program as executable
from tests.builders.trees import tree_of
from tests.unit.analyze.refusal.facts import APP, LIBC, Evidence, needs, passing, program

FORK = frozenset({"fork"})
DECLARED = """
extern int fork(void), puts(const char *), counted(void), socket(int, int, int);
extern void exit(int) __attribute__((noreturn));
"""
FIRST = "int main(void) { int pid = fork(); return pid ? counted() : 0; }"

Found = Callable[..., CallSite | None]


@pytest.fixture
def found(tmp_path: Path) -> Found:
    def call(source: str, *flags: str, function: str = "main") -> CallSite | None:
        elf = compiled(tmp_path, DECLARED + source, "-fPIC", "-shared", *flags)
        return certain_call(tree_of({"/bin/app": executable(elf)}), "/bin/app", function, FORK)

    return call


@pytest.mark.parametrize("flags", [(), ("-fno-plt",), ("-O0",), ("-fcf-protection=full",)], ids=" ".join)
@pytest.mark.parametrize(
    "source",
    [
        FIRST,
        'int main(void) { puts("a"); return fork() + 1; }',
        "int main(int argc) { int n = argc > 1 ? counted() : 7; return fork() + n; }",
        "int main(int argc) { if (argc > 1) return fork() + 1; counted(); return fork() + 2; }",
        "int main(int argc) { while (counted() < argc) ; for (;;) fork(); }",
        "int main(void) { do counted(); while (fork()); return 0; }",
    ],
)
def test_what_each_way_comes_to(found: Found, source: str, flags: tuple[str, ...]) -> None:
    call = found(source, *flags)
    assert call is not None
    assert (call.name, call.caller) == ("fork", "main")
    assert call.address > 0


@pytest.mark.parametrize("flags", [(), ("-O0",)], ids=" ".join)
@pytest.mark.parametrize(
    "source",
    [
        "int main(int argc) { return argc > 1 ? fork() : 0; }",
        "int main(int argc) { while (argc--) if (counted()) fork(); return 0; }",
        "int main(int argc) { if (argc > 1) for (;;) counted(); return fork(); }",
        "int main(int argc) { if (argc < 2) exit(1); return fork(); }",
        "int main(void) { exit(1); } int other(void) { return fork(); }",
        "int main(void) { return 1; } int other(void) { return fork(); }",
        "int main(void) { for (;;) ; }",
    ],
)
def test_what_a_way_can_avoid(found: Found, source: str, flags: tuple[str, ...]) -> None:
    assert found(source, *flags) is None


def test_a_table_of_jumps_tells_nothing(found: Found) -> None:
    cases = " ".join(f"case {number}: counted(); puts((char *){number}L); break;" for number in range(20))
    assert found(f"int main(int argc) {{ switch (argc) {{ {cases} }} return fork(); }}") is None


def test_functions_of_its_own_are_followed(found: Found) -> None:
    own = "static __attribute__((noinline)) int start(void) { return fork() + 1; }"
    call = found(own + "int main(void) { return start() * 2; }")
    assert call is not None
    assert call.caller == "start"
    assert found(own + "int main(int argc) { return argc > 1 ? start() : 2; }") is None


def test_functions_that_call_each_other_end(found: Found) -> None:
    loop = "int g(int n); int f(int n) { return g(n) + 1; } int g(int n) { return f(n) + 1; }"
    assert found(loop + "int main(void) { return f(0); }", "-fvisibility=hidden", "-fno-ipa-icf") is None


def test_a_large_function_takes_no_time(found: Found) -> None:
    body = "".join(f"if (counted() == {number}) puts((char *){number}L);" for number in range(1200))
    started = time.process_time()
    assert found(f"int main(void) {{ {body} return 0; }}", "-O1") is None
    assert time.process_time() - started < 10


@pytest.mark.parametrize("function", ["none", "0xzz", "0x0", "0xffffffffffff"])
def test_a_function_that_is_not_there(found: Found, function: str) -> None:
    assert found(FIRST, function=function) is None


@pytest.mark.parametrize("data", [b"", b"\x7fELF", b"\x7fELF" + bytes(100)])
def test_files_that_cannot_be_read(data: bytes) -> None:
    tree = tree_of({"/bin/app": executable(data)})
    assert certain_call(tree, "/bin/app", "main", FORK) is None
    assert certain_call(tree, "/bin/gone", "main", FORK) is None


def test_ways() -> None:
    def way(*following: int) -> Step:
        return Step(None, following)

    steps = {1: way(2, 3), 2: way(4), 3: way(4), 4: way()}
    assert on_each_way(steps, 1, {4})
    assert on_each_way(steps, 1, {2, 3})
    assert on_each_way(steps, 1, {1})
    assert not on_each_way(steps, 1, {2})
    assert not on_each_way({1: way(2, 3), 2: way(2), 3: way()}, 1, {3})


@pytest.mark.parametrize(
    ("source", "refused"),
    [(FIRST, True), ("int main(int argc) { return argc > 1 ? fork() : 0; }", False)],
)
def test_the_rule_of_processes(source: str, refused: bool, tmp_path: Path) -> None:
    elf = compiled(tmp_path, DECLARED + source, "-fPIC", "-shared", "-Wl,-e,main")
    why = Evidence("static", LIBC, "_Fork+0x21 at 0xd4351 <- fork <- server:main <- _start <- entry point")
    flags = {"clone.flags": {"18874368": [passing("_Fork <- fork <- server:main", LIBC)]}}
    told = needs(program(files={APP: executable(elf)}), {"clone": [why]}, arguments=flags)
    assert ("more than one process" in told) is refused
    if refused:
        evidence = told["more than one process"].evidence
        assert evidence[0].detail.startswith("main at 0x")
        assert evidence[1] == why
