"""Merging: the union, with evidence that stays bounded, and only of one program."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from converter.errors import UsageError
from converter.profile.merge import EVIDENCE_LIMIT, bounded, merge
from converter.profile.model import KINDS, Evidence
from tests.unit.profile.profiles import PROFILE, READ, SEEN, SUBJECT

evidence = st.lists(
    st.builds(Evidence, st.sampled_from(KINDS), st.sampled_from("abcdef"), st.text(max_size=2))
)


def test_the_union_of_everything() -> None:
    other = replace(
        PROFILE,
        syscalls={"write": (READ,), "read": (SEEN,)},
        arguments={"ioctl": {"TCGETS": (SEEN,)}},
        files={"/etc/other": (SEEN,)},
        open=("plug-ins",),
        unresolved=(),
    )
    merged = merge([PROFILE, other])
    assert list(merged.syscalls) == ["read", "socket", "write"]
    assert set(merged.syscalls["read"]) == {READ, SEEN}
    assert merged.arguments == {
        "ioctl": {"*": (READ,), "TCGETS": (SEEN,)},
        "socket.domain": PROFILE.arguments["socket.domain"],
    }
    assert set(merged.files) == {"/etc/app.conf", "/etc/other", "/srv/\udcff"}
    assert merged.open == ("plug-ins", "python3 loads what scripts import")
    assert merged.unresolved == PROFILE.unresolved
    assert merge([other, PROFILE]) == merged


def test_merging_with_itself_changes_nothing() -> None:
    assert merge([PROFILE, PROFILE]) == merge([PROFILE])


def test_another_build_of_the_image_is_fine() -> None:
    rebuilt = replace(PROFILE, subject=replace(SUBJECT, digest="sha256:" + "b" * 64, argv=("app",)))
    assert merge([PROFILE, rebuilt]).subject == SUBJECT


@pytest.mark.parametrize(
    ("field", "value", "what"),
    [("path", "/bin/other", "different programs"), ("platform", "linux/arm64", "different platforms")],
)
def test_another_program_is_refused(field: str, value: str, what: str) -> None:
    other = replace(PROFILE, subject=replace(SUBJECT, **{field: value}))
    with pytest.raises(UsageError, match=what) as refused:
        merge([PROFILE, other])
    assert value in refused.value.what


@given(evidence)
def test_evidence_is_bounded_and_every_kind_survives(found: list[Evidence]) -> None:
    kept = bounded(found)
    assert set(kept) <= set(found)
    assert len(kept) == min(EVIDENCE_LIMIT, len(set(found)))
    assert {each.kind for each in kept} == {each.kind for each in found}
    assert kept == bounded(reversed(found)) == bounded(kept)
