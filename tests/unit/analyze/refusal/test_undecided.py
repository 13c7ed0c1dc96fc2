"""Entrypoints that reading cannot follow, and what is offered then."""

from __future__ import annotations

from tests.unit.analyze.entrypoint.images import resolved
from tests.unit.analyze.refusal.facts import needs

NEED = "an entrypoint that can be read"


def test_where_and_why_and_what_next() -> None:
    found = needs(resolved("worker --once\nexec server -x"))[NEED]
    assert "/entry.sh, line 2: runs worker" in found.evidence[0].detail
    assert "--trace" in found.hint
    assert "-e " not in found.hint  # which would not help
    assert "--program 'server -x'" in found.hint


def test_a_variable_that_the_script_asks_for() -> None:
    script = '[ "$DB_PASSWORD" ] || { echo "DB_PASSWORD must be set" >&2; exit 1; }\nexec server'
    assert "-e DB_PASSWORD=VALUE" in needs(resolved(script))[NEED].hint
    assert needs(resolved(script, env=("PATH=/bin", "DB_PASSWORD=x"))) == {}


def test_a_decided_entrypoint() -> None:
    assert needs(resolved("exec server")) == {}
