"""Programs and libraries that have every structure that is read: compiled, and made to be damaged."""

from __future__ import annotations

from pathlib import Path

from tests.builders.programs import compiled

LOADER = "/lib64/ld.so"

_VERSIONS = "V1 { global: shared_*; handlers; local: *; };\n"

# Jump tables, cleanups that exceptions run, tables of function pointers, thread-local data, constructors.
_LIBRARY = """
static long one(long n) { return call(32, n, 0, 0); }
static long two(long n) { return call(33, n, 1, 0); }
long (*const handlers[])(long) = { one, two };
long shared_data[4] = { 1, 2, 3, 4 };
extern void shared_throws(void);
static void undo(int *what) { call(*what, 3, 0, 0); }
long shared_case(int what) {
    __attribute__((cleanup(undo))) int cleaned = 3;
    shared_throws();
    switch (what) {
    case 0: return call(10, 0, 0, 0); case 1: return call(11, 1, 0, 0); case 2: return call(12, 0, 2, 0);
    case 3: return call(13, 0, 0, 3); case 4: return call(14, 4, 0, 0); case 5: return shared_data[0];
    }
    return handlers[what & 1](what);
}
__attribute__((constructor)) static void begin(void) { call(39, 0, 0, 0); }
"""

_PROGRAM = """
extern long shared_case(int), shared_data[4];
extern long (*const handlers[])(long);
__attribute__((noinline)) static long wrapper(long pad, long n) { return call(n, pad, 0, 0); }
void _start(int n) {
    wrapper(n, 60); wrapper(shared_case(n), 41); handlers[n & 1](39);
    call(257, -100, (long)"/proc/self/maps", 0);
    call(102, shared_data[n & 3], 0, 0); call(104, 0, 0, 0);
}
"""

# An IFUNC in a program at fixed addresses, beside Go's function table (internal/abi, format of Go 1.20).
_GO = """
        .globl _start
        .text
text:   nop
_start: movl $39, %eax
        syscall
        call *main.table(%rip)
        call picked
        hlt
main.next: movq 8(%rsp), %rax
        syscall
        ret
main.end:
        .type picked, @gnu_indirect_function
        .globl picked
picked: leaq main.next(%rip), %rax
        ret
        .section .gopclntab, "a"
table:  .long 0xfffffff1
        .byte 0, 0, 1, 8
        .quad 2, 0, text, names - table, 0, 0, 0, functions - table
names:  .asciz "main.start"
second: .asciz "main.next"
        .p2align 3
functions: .long _start - text, first - functions, main.next - text, other - functions, main.end - text
first:  .long _start - text, 0
other:  .long main.next - text, second - names
        .data
main.table: .quad main.next, _start, names
"""


def specimens(folder: Path) -> dict[str, dict[str, bytes]]:
    """Roots by name: path -> ELF file. The program of each is /bin/program."""
    script = folder / "versions"
    script.write_text(_VERSIONS)
    flags = ("-shared", "-fPIC", "-fexceptions", "-Wl,-soname,libx.so", f"-Wl,--version-script={script}")
    library = compiled(folder, _LIBRARY, *flags, name="libx.so")
    packed = compiled(folder, _LIBRARY, *flags, "-Wl,-z,pack-relative-relocs", name="libpacked.so")
    loader = compiled(folder, "void _start(void) { call(231, 0, 0, 0); }", "-shared", "-fPIC", name="ld.so")
    linked = (
        "-Wl,--no-as-needed",
        str(folder / "libx.so"),
        "-Wl,--unresolved-symbols=ignore-in-shared-libs",
        f"-Wl,--dynamic-linker={LOADER}",
        "-Wl,-rpath,/lib",
    )
    pie = compiled(folder, _PROGRAM, "-pie", "-fpie", *linked, name="pie")
    fixed = compiled(folder, _PROGRAM, "-no-pie", "-fno-pie", *linked, name="fixed")
    go = compiled(folder, _GO, "-static", "-no-pie", name="go", language="assembly")
    return {
        "pie": {"/bin/program": pie, "/lib/libx.so": library, LOADER: loader},
        "fixed": {"/bin/program": fixed, "/lib/libx.so": packed, LOADER: loader},
        "go": {"/bin/program": go},
    }
