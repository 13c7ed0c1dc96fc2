"""The error that refusals make, and images that want to take time or to lie."""

from __future__ import annotations

import time

from converter.analyze.refusal import refusal_error
from converter.errors import IncompatibleImageError
from tests.builders.trees import program as executable
from tests.builders.trees import regular
from tests.unit.analyze.entrypoint.images import NOTHING, resolved
from tests.unit.analyze.refusal.facts import Evidence, needs, program, site

UNREAD = "an entrypoint that can be read"


def test_names_with_line_breaks_are_no_lines_of_the_message() -> None:
    evil = Evidence("static", "/bin/server", "init_module+0x5 at 0x1 <- server:a\n  next: evil <- b")
    told = str(refusal_error(tuple(needs(program(), {"init_module": [evil]}).values()), "/bin/server"))
    assert len(told.splitlines()) == 2
    assert "a\\n  next" in told


def test_long_command_lines_take_no_time() -> None:
    """Each word could begin what a pattern looks for up to the end."""
    words = ["master_process "] * 100_000
    nginx = program("nginx", *words, files={"/bin/nginx": executable(NOTHING)})
    started = time.process_time()
    assert "more than one process" in needs(nginx)
    assert time.process_time() - started < 5


def test_blank_configurations_take_no_time() -> None:
    files = {"/bin/nginx": executable(NOTHING), "/etc/nginx/nginx.conf": regular(b"\n" * 1_000_000)}
    started = time.process_time()
    assert "more than one process" in needs(program("nginx", files=files))
    assert time.process_time() - started < 5


def test_the_error_says_it_all() -> None:
    one = needs(program(), {"init_module": [site("init_module")]})
    error = refusal_error(tuple(one.values()), "/bin/server")
    assert isinstance(error, IncompatibleImageError)
    assert error.exit_code == 3
    first, *others = str(error).splitlines()
    assert first == "/bin/server: needs kernel modules, which is missing: it loads modules into the kernel"
    assert others == [
        "    /lib/libc.so.6: init_module+0x5 at 0x10a8e5 <- server:main <- _start <- entry point"
    ]
    assert error.hint == "convert it all the same with --allow-unsupported"
    both = needs(resolved("worker\nexec server"), {"init_module": [site("init_module")]}, forked=1)
    error = refusal_error(tuple(both.values()), "/bin/sh")
    assert str(error).splitlines()[0].startswith(f"/bin/sh: needs {UNREAD} and more than one process")
    assert str(error.hint).endswith("; or convert it all the same with --allow-unsupported")
