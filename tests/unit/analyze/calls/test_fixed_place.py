"""Programs that are linked for one address: addresses are plain numbers in their code and data."""

from __future__ import annotations

from tests.unit.analyze.calls.conftest import Analyse

FIXED = ("-no-pie", "-fno-pie", "-O2", "-Wl,--dynamic-linker=/ld.so", "-Wl,--no-as-needed")
# Whoever takes its address may call it with any number.
WRAPPER = "long wrapper(long n) { return call(n, 0, 0, 0); }"


def test_a_name_that_dlsym_looks_up(analyse: Analyse) -> None:
    library = """
        void *dlsym(void *where, const char *name) { return where ? (void *)name : 0; }
        long by_name(void) { return call(39, 0, 0, 0); }
        long not_asked_for(void) { return call(102, 0, 0, 0); }
        """
    found = analyse(
        """
        extern void *dlsym(void *, const char *);
        void _start(void) { ((long (*)(void))dlsym(0, "by_name"))(); }
        """,
        *FIXED,
        libraries={"libnames.so": library},
    )
    assert list(found.dlsym_names) == ["by_name"]
    assert list(found.syscalls) == ["getpid"]


def test_a_path_that_is_opened(analyse: Analyse) -> None:
    found = analyse(
        """
        void _start(void) {
            call(2, (long)"/proc/self/stat", 0, 0);
            call(2, 0, 0, 0);
        }
        """,
        "-static",
        *FIXED[:3],
    )
    assert list(found.arguments["open.path"]) == ["/proc/self/stat"]


def test_a_jump_to_a_stub_is_no_jump_to_its_neighbour(analyse: Analyse) -> None:
    """All stubs of the procedure linkage table share one unwind entry; they are not one function."""
    found = analyse(
        """
        extern long wrapper(long);
        extern long report(const char *);
        __attribute__((noipa)) long choose(int which) {
            if (which)
                return wrapper(39) + 1;
            return report("text");
        }
        void _start(int which) { choose(which); }
        """,
        *FIXED,
        libraries={"libwrapper.so": WRAPPER + "long report(const char *text) { return *text; }"},
    )
    assert found.unresolved == ()
    assert list(found.syscalls) == ["getpid"]


def test_a_number_that_lies_in_the_headers(analyse: Analyse) -> None:
    """From there the dynamic section and the relocations would lead to every import."""
    found = analyse(
        """
        extern long wrapper(long);
        volatile long sink;
        void _start(void) { sink = 0x400040; wrapper(39); }
        """,
        *FIXED,
        libraries={"libwrapper.so": WRAPPER},
    )
    assert found.unresolved == ()
    assert list(found.syscalls) == ["getpid"]
