"""Every call that strace shows is in the static set. All: `python -m tests.recall` (docs/nightly.md)."""

from __future__ import annotations

import pytest

from tests.recall import recording, subject
from tests.recall.comparison import compare

SUBJECTS = [subject.load(name) for name in subject.names()]


@pytest.mark.slow
@pytest.mark.root
@pytest.mark.parametrize("chosen", [pytest.param(each, id=each.name) for each in SUBJECTS if each.quick])
def test_static_set_has_every_call_that_was_seen(chosen: subject.Subject) -> None:
    if reason := recording.missing():
        pytest.skip(reason)
    try:
        archive = chosen.archive()
    except subject.Absent as absent:
        pytest.skip(str(absent))
    recorded = recording.record(chosen, archive)
    assert recorded.failures == []
    for found in compare(chosen, archive, recorded):
        assert not found.misses, "\n".join(found.lines())
        assert found.limit is None or len(found.static.calls) <= found.limit
