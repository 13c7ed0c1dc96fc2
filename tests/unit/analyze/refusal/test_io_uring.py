"""Programs that know io_uring and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from converter.profile.model import Evidence
from tests.builders.programs import compiled
from tests.builders.trees import program as executable
from tests.unit.analyze.refusal.facts import APP, LIBC, needs, passing, program, seen, site

NEED = "io_uring"
SETUP = {
    "io_uring_setup": [
        Evidence("static", LIBC, f"syscall+0x17 at 0x1, number from main in {APP} <- _start <- entry point")
    ]
}
ENTER = {"io_uring_enter": [site("syscall")]}


def test_nothing_else() -> None:
    found = needs(None, SETUP | ENTER)[NEED]
    assert found.evidence == (*SETUP["io_uring_setup"], *ENTER["io_uring_enter"])
    assert needs(None, SETUP, handlers=("io_uring_setup",)) == {}
    assert needs() == {}


@pytest.mark.parametrize("call", ["epoll_wait", "ppoll", "pselect6", "pwrite64", "accept4"])
def test_another_way_in_its_own_code(call: str) -> None:
    assert needs(None, SETUP | {call: [site(call, source=APP)]}) == {}
    assert needs(None, SETUP | {call: [site(call, "libuv.so.1:uv__io_poll <- server:main")]}) == {}
    assert needs(None, SETUP | {call: [seen()]}) == {}


@pytest.mark.parametrize("call", ["poll", "epoll_wait", "pread64"])
def test_the_c_library_has_its_own_reasons(call: str) -> None:
    assert NEED in needs(None, SETUP | {call: [site(call, "__res_context_send <- server:main")]})


def test_reading_alone_is_for_configuration() -> None:
    assert NEED in needs(
        None, SETUP | {"read": [site("read", source=APP)], "pread64": [site("f", source=APP)]}
    )


def test_the_check_of_closed_streams_is_no_waiting() -> None:
    """musl polls the standard streams when it starts, in the function that opens /dev/null."""
    check = Evidence("static", APP, "0x401250+0x153 at 0x4013a3 <- 0x40111d <- entry point")
    opened = {"open.path": {"/dev/null": [passing("0x401250 <- 0x40111d <- entry point")]}}
    assert NEED in needs(None, SETUP | {"poll": [check]}, arguments=opened)
    own = Evidence("static", APP, "0x402000+0x7 at 0x402007 <- 0x40111d <- entry point")
    assert needs(None, SETUP | {"poll": [check, own]}, arguments=opened) == {}
    assert needs(None, SETUP | {"poll": [check]}) == {}


@pytest.mark.parametrize(("function", "refused"), [("epoll_wait", False), ("pread", False), ("printf", True)])
def test_what_it_asks_of_the_c_library(function: str, refused: bool, tmp_path: Path) -> None:
    """Evidence keeps one way to a function of the C library, which may be the library's own."""
    source = f"extern int {function}(void); void _start(void) {{ {function}(); }}"
    elf = compiled(tmp_path, source, "-fPIC", "-shared", "-Wl,-e,_start")
    found = needs(
        program(files={APP: executable(elf)}), SETUP | {"epoll_wait": [site("epoll_wait", "f <- g")]}
    )
    assert (NEED in found) is refused


def test_a_library_that_cannot_be_read_asks_for_nothing() -> None:
    broken = program(files={"/lib/libbad.so": executable(b"\x7fELF")})
    libraries = {
        "/lib/libbad.so": [Evidence("static", APP, "DT_NEEDED libbad.so")],
        "/lib/gone.so": [seen()],
        "/\ud800": [seen()],
    }
    assert NEED in needs(broken, SETUP, libraries=libraries)
