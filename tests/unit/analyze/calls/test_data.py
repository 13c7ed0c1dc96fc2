"""Function pointers in data: they count if code that can run refers to the object they lie in."""

from __future__ import annotations

from pathlib import Path

import pytest

from converter.analyze.calls.analysis import architecture_of
from converter.analyze.calls.graph import ObjectGraph
from tests.builders.programs import compiled
from tests.unit.analyze.calls.conftest import Analyse, graph_of

TABLES = """
static long one(void) { return call(39, 0, 0, 0); }
static long two(void) { return call(102, 0, 0, 0); }
static long three(void) { return call(104, 0, 0, 0); }
long (*volatile unused[3])(void) = {two, two, two};
long (*volatile used[3])(void) = {one, one, one};
long (*volatile last[3])(void) = {three, three, three};
void never(int n) { unused[n](); last[n](); }
void _start(int n) { used[n](); }
"""
SHAPES = {
    "RELATIVE": ("-pie", "-fpie"),
    "RELR": ("-pie", "-fpie", "-Wl,-z,pack-relative-relocs"),
    "fixed address": ("-static", "-no-pie", "-fno-pie"),
}


def named_in(graph: ObjectGraph) -> dict[str, int]:
    return {symbol.name.decode(): symbol.value for symbol in graph.local_symbols}


@pytest.mark.parametrize("flags", SHAPES.values(), ids=SHAPES)
def test_a_table_that_only_dead_code_uses_does_not_count(analyse: Analyse, flags: tuple[str, ...]) -> None:
    found = analyse(TABLES, *flags)
    assert list(found.syscalls) == ["getpid"]
    assert found.unresolved == ()


@pytest.mark.parametrize("name", ["RELATIVE", "RELR"])
def test_tables_of_stripped_files_end_where_the_next_one_begins(analyse: Analyse, name: str) -> None:
    found = analyse(TABLES, *SHAPES[name], "-s")
    assert list(found.syscalls) == ["getpid"]


@pytest.mark.parametrize("flags", SHAPES.values(), ids=SHAPES)
def test_a_table_behind_a_pointer_in_data(analyse: Analyse, flags: tuple[str, ...]) -> None:
    found = analyse(
        """
        static long one(void) { return call(39, 0, 0, 0); }
        static long two(void) { return call(102, 0, 0, 0); }
        struct list { struct list *volatile next; long (*volatile run)(void); };
        struct list last = {0, two}, first = {&last, one};
        struct list *volatile start = &first;
        void _start(void) { for (struct list *at = start; at; at = at->next) at->run(); }
        """,
        *flags,
    )
    assert list(found.syscalls) == ["getpid", "getuid"]


def test_a_word_that_is_read_alone_counts_alone(analyse: Analyse) -> None:
    found = analyse(
        """
        .globl _start
        _start: mov table(%rip), %rax
                call *%rax
                ud2
        one:    mov $39, %eax
                syscall
                ret
        two:    mov $102, %eax
                syscall
                ret
        .data
        table:  .quad one, two
        """,
        "-pie",
        language="assembly",
    )
    assert list(found.syscalls) == ["getpid"]


def test_a_tls_descriptor_is_not_the_global_offset_table(analyse: Analyse) -> None:
    """Code takes the address of two words there (local dynamic model); those of functions stand behind."""
    source = """
    static __thread int variable;
    void *__tls_get_addr(void *descriptor) { return descriptor; }
    long two(void) { return call(102, 0, 0, 0); }
    void never(long (*volatile *where)(void)) { *where = two; }
    int _start(void) { return variable++; }
    """
    found = analyse(source, "-shared", "-fPIC", "-s", "-Wl,-e,_start")
    assert list(found.syscalls) == []


def test_contents_of_a_copied_table_are_the_librarys(analyse: Analyse, tmp_path: Path) -> None:
    """R_X86_64_COPY: the program has room for the table, the loader fills it from the library's."""
    library = """
    static long one(void) { return call(39, 0, 0, 0); }
    static long two(void) { return call(102, 0, 0, 0); }
    static long three(void) { return call(104, 0, 0, 0); }
    long (*table[2])(void) = {one, two};
    long (*other[2])(void) = {three, three};
    """
    program = "extern long (*table[2])(void); void _start(int n) { table[n](); }"
    found = analyse(program, "-Wl,--no-as-needed", libraries={"libtable.so": library})
    assert graph_of((tmp_path / "program").read_bytes()).relocations.copies
    assert list(found.syscalls) == ["getpid", "getuid"]


@pytest.mark.parametrize("flag", ["-Wl,-z,pack-relative-relocs", "-Wl,-z,nopack-relative-relocs"])
def test_packed_relocations_say_the_same(tmp_path: Path, flag: str) -> None:
    """Long runs, gaps and single words: addresses and bitmaps of DT_RELR."""
    source = """
    #define EVERY(n) &target[n], 0, 0, &target[n + 1], &target[n + 2]
    char target[4096];
    void *run[200] = {[0 ... 199] = target};
    void *gaps[20] = {EVERY(0), EVERY(8), EVERY(16), EVERY(24)};
    char hole[4000] = {1};
    void *alone = &target[100];
    void _start(void) {}
    """
    graph = graph_of(compiled(tmp_path, source, "-pie", "-fpie", "-fdata-sections", flag))
    named = named_in(graph)
    found = {slot: value - named["target"] for slot, value in graph.relocations.relative.items()}
    expected = {named["run"] + 8 * at: 0 for at in range(200)} | {named["alone"]: 100}
    for group in range(4):
        for at, offset in ((0, 0), (3, 1), (4, 2)):
            expected[named["gaps"] + 8 * (5 * group + at)] = 8 * group + offset
    assert found == expected


def test_extents_of_data(tmp_path: Path) -> None:
    """A symbol says where an object ends; without one it is the next address that something refers to."""
    source = """
    long first[4] = {1}, second[4] = {2};
    long *volatile pointer = &second[2];
    void _start(int n) { first[n] = second[n]; }
    """
    data = compiled(tmp_path, source, "-pie", "-fpie")
    named = named_in(graph_of(data))
    stripped = graph_of(compiled(tmp_path, source, "-pie", "-fpie", "-s"))
    for graph, inside in ((graph_of(data), 0), (stripped, 16)):
        assert graph.locate(named["second"]) == (False, named["second"])
        assert graph.locate(named["second"] + 16) == (False, named["second"] + inside)
        assert graph.locate(named["_start"]) == (True, named["_start"])
        assert graph.locate(1 << 40) is None


def test_other_architectures_are_refused_by_name() -> None:
    with pytest.raises(Exception, match="code for arm64 cannot be read yet"):
        architecture_of("arm64", "/bin/x")
