"""What the user is told to type after a watched run."""

from __future__ import annotations

from pathlib import Path

from converter.profile.model import Profile, Subject
from converter.trace.watched_run import next_command

SUBJECT = Subject("", "sha256:0", "linux/amd64", "/x", ("x",), (), "/", (0, 0))


def test_parts_are_added_by_name_since_no_profile_has_them() -> None:
    command = next_command(Path("a b.json"), Profile(SUBJECT, "1"), {"procfs": None, "pipe": None})
    added = "--add-part procfs --add-part pipe"
    assert command == f"u2k convert --force --profile 'a b.json' {added} IMAGE"
