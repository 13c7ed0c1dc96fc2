"""Entrypoints that reading cannot follow, and what is offered then."""

from __future__ import annotations

from converter.analyze.refusal import refusal_error
from converter.errors import IncompatibleImageError
from tests.unit.analyze.entrypoint.images import resolved
from tests.unit.analyze.refusal.facts import needs, program, site

NEED = "an entrypoint that can be read"


def test_where_and_why_and_what_next() -> None:
    found = needs(resolved("worker --once\nexec server -x"))[NEED]
    assert "/entry.sh, line 2: runs worker" in found.evidence[0].detail
    assert "--trace" in found.hint
    assert "-e NAME=VALUE" in found.hint
    assert "--program 'server -x'" in found.hint


def test_a_variable_that_the_script_asks_for() -> None:
    script = '[ "$DB_PASSWORD" ] || { echo "DB_PASSWORD must be set" >&2; exit 1; }\nexec server'
    assert "-e DB_PASSWORD=VALUE" in needs(resolved(script))[NEED].hint
    assert needs(resolved(script, env=("PATH=/bin", "DB_PASSWORD=x"))) == {}


def test_a_decided_entrypoint() -> None:
    assert needs(resolved("exec server")) == {}


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
    assert str(error).splitlines()[0].startswith(f"/bin/sh: needs {NEED} and more than one process")
    assert str(error.hint).endswith("; or convert it all the same with --allow-unsupported")
