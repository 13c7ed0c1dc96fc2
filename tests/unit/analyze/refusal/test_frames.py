"""Evidence as the analysis words it, taken apart."""

from __future__ import annotations

import pytest

from converter.analyze.refusal.frames import (
    Frame,
    belongs_to,
    frames,
    is_generic,
    main_frame,
    passed_to,
    shortened,
)
from converter.profile.model import Evidence

WRAPPED = Evidence(
    "static",
    "/lib/libc.so.6",
    "syscall+0x17 at 0x101827, number from uv__iou_init in /usr/bin/node"
    " <- uv_loop_init <- main <- _start <- entry point",
)
PLAIN = Evidence(
    "static", "/lib/libc.so.6", "listen+0x5 at 0x10a8e5 <- libx.so.1:0x5bc0 <- app:f <- ... <- fini_array"
)
STATIC = Evidence("static", "/bin/app", "0x401000+0x5 at 0x401005 <- 0x402000 <- 0x403000 <- entry point")
PASSED = Evidence("static", "/bin/app", "main to __socket <- _start <- entry point")


def test_functions_and_the_objects_that_they_are_in() -> None:
    assert frames(WRAPPED) == (
        Frame("libc.so.6", "syscall"),
        Frame("node", "uv__iou_init"),
        Frame("node", "uv_loop_init"),
        Frame("node", "main"),
        Frame("node", "_start"),
    )
    assert [each.object for each in frames(PLAIN)] == ["libc.so.6", "libx.so.1", "app", "app"]
    assert [each.function for each in frames(STATIC)] == ["0x401000", "0x402000", "0x403000"]
    assert frames(PASSED)[0] == Frame("app", "main")


def test_whose_code_leads_there() -> None:
    assert belongs_to(WRAPPED, "/usr/bin/node")
    assert belongs_to(PLAIN, "/bin/app")
    assert not belongs_to(PLAIN, "/bin/other")


def test_where_an_argument_goes() -> None:
    assert passed_to(PASSED) == "__socket"
    assert passed_to(Evidence("static", "/bin/app", "0x401000 <- 0x402000")) == "0x401000"
    assert is_generic(WRAPPED)
    assert not is_generic(PLAIN)


@pytest.mark.parametrize(
    ("detail", "expected"),
    [
        ("listen+0x5 at 0x1 <- app:main <- _start <- entry point", 1),
        ("listen+0x5 at 0x1 <- app:main <- _start_c <- _start <- entry point", 1),
        ("listen+0x5 at 0x1 <- app:0x5bc0 <- 0x9180 <- entry point", 1),
        ("listen+0x5 at 0x1 <- app:start_server <- main <- _start <- entry point", 2),
        ("listen+0x5 at 0x1 <- app:0x10 <- 0x20 <- 0x9180 <- entry point", 2),
        ("listen+0x5 at 0x1 <- libx.so:main <- _start <- entry point", None),
        ("listen+0x5 at 0x1 <- app:main <- init_array", None),
        ("listen+0x5 at 0x1 <- entry point", None),
    ],
)
def test_which_frame_is_the_main_function(detail: str, expected: int | None) -> None:
    assert main_frame(Evidence("static", "/lib/libc.so.6", detail), "/bin/app") is expected


def test_long_ways_lose_their_middle() -> None:
    way = " <- ".join(f"f{number}" for number in range(9))
    assert shortened(way) == "f0 <- f1 <- f2 <- f3 <- ... <- f7 <- f8"
    assert shortened("f0 <- f1") == "f0 <- f1"
