"""What a main function does for certain, and what only perhaps."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from converter.analyze.refusal.straight import straight_calls
from tests.builders.programs import compiled
from tests.builders.trees import program as executable
from tests.builders.trees import tree_of
from tests.unit.analyze.refusal.facts import APP, LIBC, Evidence, needs, passing, program

NEED = "more than one process"
DECLARED = """
extern int fork(void), puts(const char *), counted(void);
extern void quit(int) __attribute__((noreturn));
"""
FIRST = "int main(void) { int pid = fork(); return pid ? counted() : 0; }"


@pytest.fixture
def names(tmp_path: Path) -> Callable[..., list[str]]:
    def found(source: str, *flags: str, function: str = "main") -> list[str]:
        elf = compiled(tmp_path, DECLARED + source, "-fPIC", "-shared", *flags)
        return [
            each.name for each in straight_calls(tree_of({"/bin/app": executable(elf)}), "/bin/app", function)
        ]

    return found


@pytest.mark.parametrize("flags", [(), ("-fno-plt",), ("-O0",), ("-fcf-protection=full",)], ids=" ".join)
def test_calls_before_any_branch(names: Callable[..., list[str]], flags: tuple[str, ...]) -> None:
    assert names(FIRST, *flags)[:1] == ["fork"]
    assert names('int main(void) { puts("a"); return fork() + 1; }', *flags) == ["puts", "fork"]


@pytest.mark.parametrize(
    "source",
    [
        "int main(int argc) { return argc > 1 ? fork() : 0; }",
        "int main(int argc) { switch (argc) { case 1: return 2; case 2: return fork(); } return counted(); }",
        "int main(void) { quit(1); } int other(void) { return fork(); }",
        "int main(void) { return 1; } int other(void) { return fork(); }",
    ],
)
def test_calls_that_something_can_keep_from_happening(names: Callable[..., list[str]], source: str) -> None:
    assert "fork" not in names(source)


def test_functions_of_its_own_are_followed(names: Callable[..., list[str]]) -> None:
    own = "static __attribute__((noinline)) int start(void) { return fork() + 1; }"
    assert names(own + "int main(void) { return start() * 2; }")[-1:] == ["fork"]
    deep = "int g(int n) { return g(n + 1) + fork(); } int main(void) { return g(0); }"
    assert len(names(deep, "-fvisibility=hidden")) < 300


def test_an_endless_way_ends(names: Callable[..., list[str]]) -> None:
    assert names("int main(void) { for (;;) ; }") == []


@pytest.mark.parametrize("function", ["none", "0xzz", "0x0", "0xffffffffffff"])
def test_a_function_that_is_not_there(names: Callable[..., list[str]], function: str) -> None:
    assert names(FIRST, function=function) == []


@pytest.mark.parametrize("data", [b"", b"\x7fELF", b"\x7fELF" + bytes(100)])
def test_files_that_cannot_be_read(data: bytes) -> None:
    tree = tree_of({"/bin/app": executable(data)})
    assert straight_calls(tree, "/bin/app", "main") == ()
    assert straight_calls(tree, "/bin/gone", "main") == ()


@pytest.mark.parametrize(
    ("source", "refused"),
    [(FIRST, True), ("int main(int argc) { return argc > 1 ? fork() : 0; }", False)],
)
def test_the_rule(source: str, refused: bool, tmp_path: Path) -> None:
    elf = compiled(tmp_path, DECLARED + source, "-fPIC", "-shared", "-Wl,-e,main")
    site = Evidence("static", LIBC, "_Fork+0x21 at 0xd4351 <- fork <- server:main <- _start <- entry point")
    flags = {"clone.flags": {"18874368": [passing("_Fork <- fork <- server:main", LIBC)]}}
    found = needs(program(files={APP: executable(elf)}), {"clone": [site]}, arguments=flags)
    assert (NEED in found) is refused
    if refused:
        assert found[NEED].evidence[1] == site
        assert found[NEED].evidence[0].detail.startswith("main at 0x")
