"""Profiles as JSON: what is written is read again and fits the schema; all else is refused, with where."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from converter.errors import UsageError
from converter.profile.model import KINDS, Evidence, Profile
from converter.profile.reading import MAX_BYTES, MAX_OBJECTS, parse_profile, read_profile
from converter.profile.writing import profile_bytes, profile_digest, profile_text
from tests.unit.profile.profiles import PROFILE, SUBJECT

SCHEMA = json.loads((resources.files("converter.profile") / "schema/profile-1.json").read_text())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)

odd_bytes = st.integers(0xDC80, 0xDCFF).map(chr)  # as Python's surrogateescape has them
characters = st.characters(exclude_characters="\0", exclude_categories=["Cs"])
text = st.text(characters | odd_bytes, max_size=12)
evidence = st.builds(Evidence, st.sampled_from(KINDS), text, text)
entries = st.dictionaries(text, st.lists(evidence, min_size=1, max_size=3).map(tuple), max_size=4)
names = st.from_regex(r"[a-z0-9_]+", fullmatch=True)
paths = text.map(lambda name: f"/{name}")
profiles = st.builds(
    Profile,
    st.just(SUBJECT),
    text,
    st.dictionaries(names, st.lists(evidence, min_size=1, max_size=3).map(tuple), max_size=4),
    st.dictionaries(text, entries, max_size=3),
    st.dictionaries(paths, st.lists(evidence, min_size=1, max_size=3).map(tuple), max_size=4),
    st.just({}),
    entries,
    st.lists(text, max_size=3).map(tuple),
)


@given(profiles)
def test_what_is_written_is_read_again(profile: Profile) -> None:
    VALIDATOR.validate(written(profile))
    assert parse_profile(profile_text(profile).encode(), "x") == profile
    nameless = replace(profile, subject=replace(SUBJECT, reference=""))
    assert parse_profile(profile_bytes(profile), "x") == nameless


def test_the_example_is_read_again(tmp_path: Path) -> None:
    VALIDATOR.validate(written(PROFILE))
    file = tmp_path / "p.json"
    file.write_text(profile_text(PROFILE), encoding="ascii")
    assert read_profile(file) == PROFILE


def test_the_digest_is_of_the_contents_and_not_of_their_order() -> None:
    turned = replace(PROFILE, syscalls=dict(reversed(PROFILE.syscalls.items())))
    assert profile_digest(turned) == profile_digest(PROFILE)
    renamed = replace(PROFILE, subject=replace(SUBJECT, reference="registry.example/app@sha256:00"))
    assert profile_digest(renamed) == profile_digest(PROFILE)
    assert profile_digest(replace(PROFILE, open=())) != profile_digest(PROFILE)


def test_the_schema_is_itself_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def written(profile: Profile) -> Any:
    return json.loads(profile_text(profile))


def put(path: str, value: Any) -> Callable[[dict[str, Any]], None]:
    *way, last = path.split("/")

    def change(target: Any) -> None:
        for step in way:
            target = target[step]
        target[last] = value

    return change


def without(name: str) -> Callable[[dict[str, Any]], None]:
    return lambda target: target.pop(name)


WRONG = [
    (put("schema", 2), "p", "made by a newer u2k (0.1.0): schema 2, and this version reads 1"),
    (put("schema", 0), "p", "schema 0 is not one"),
    (put("schema", True), "p", "schema True is not one"),
    (without("schema"), "p", "it has no member schema"),
    (without("files"), "p", "'files' is missing"),
    (put("extra", 1), "p", "unknown member 'extra'"),
    (put("syscalls", []), "p, syscalls", "an object was expected"),
    (put("syscalls/read", []), "p, syscalls, read", "1 to 64 pieces of evidence, not 0"),
    (put("syscalls/read", [{"kind": "static", "source": "x"}] * 65), "p, syscalls, read", "not 65"),
    (put("syscalls/read", [{"kind": "guess", "source": "x"}]), "p, syscalls, read, 0, kind", "not 'guess'"),
    (put("syscalls/read", [{"kind": "static"}]), "p, syscalls, read, 0", "'source' is missing"),
    (put("syscalls/read", [{"kind": "static", "source": 1}]), "p, syscalls, read, 0, source", "a string"),
    (put("syscalls/Read", [{"kind": "static", "source": "x"}]), "p, syscalls", "is no name of a"),
    (
        put("syscalls/re\x1b[m", [{"kind": "static", "source": "x"}]),
        "p, syscalls",
        "no name of a system call",
    ),
    (put("files/~etc", [{"kind": "static", "source": "x"}]), "p, files", "'~etc' is no path"),
    (put("libraries/", [{"kind": "static", "source": "x"}]), "p, libraries", "'' is no path"),
    (put("arguments/ioctl", 3), "p, arguments, ioctl", "an object was expected"),
    (put("open", "no"), "p, open", "a list was expected"),
    (put("open", ["a\0b"]), "p, open, 0", "NUL"),
    (put("open", ["a\ud800"]), "p, open, 0", "half a character"),
    (put("sockets/\ud800", [{"kind": "static", "source": "x"}]), "p, sockets", "half a character"),
    (put("open", ["a" * 200_000]), "p, open, 0", "more than 131072 characters"),
    (put("subject/user", [True]), "p, subject, user, 0", "a whole number"),
    (put("subject/user", [-1]), "p, subject, user, 0", "a whole number from 0"),
    (put("subject/user", [1 << 32]), "p, subject, user, 0", "to 4294967295"),
    (put("subject/decided_by", "oracle"), "p, subject, decided_by", "not 'oracle'"),
    (put("unresolved", [{"binary": "x"}]), "p, unresolved, 0", "'address' is missing"),
]


@pytest.mark.parametrize(("change", "where", "what"), WRONG)
def test_what_is_no_profile_is_refused(
    change: Callable[[dict[str, Any]], None], where: str, what: str
) -> None:
    value = json.loads(profile_text(PROFILE))
    change(value)
    with pytest.raises(UsageError) as refused:
        parse_profile(json.dumps(value).encode(), "p")
    assert what in refused.value.what
    assert refused.value.where == where
    assert refused.value.hint
    assert not VALIDATOR.is_valid(value), "the schema refuses the same"


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"schema": 1, "files": {}, "files": {}}', "the member 'files' twice"),
        (b'{"schema": 1, "x": [{"b": 1, "a": 2, "b": 3}]}', "the member 'b' twice"),
        (b"[]", "an object was expected"),
        (b'{"schema": 1' + b"0" * 5000 + b"}", "a number of 5001 digits"),
        (b" " * (MAX_BYTES + 1), "at most 64 MiB"),
    ],
    ids=["empty", "binary", "deep", "twice", "twice below", "list", "huge number", "huge"],
)
def test_hostile_files(data: bytes, what: str) -> None:
    with pytest.raises(UsageError, match=what):
        parse_profile(data, "p")


def test_many_names_and_many_objects_take_no_longer() -> None:
    begun = time.process_time()
    names = b",".join(b'"%d":1' % number for number in range(300_000))
    with pytest.raises(UsageError, match="'7' twice"):
        parse_profile(b"{" + names + b',"7":1}', "p")
    with pytest.raises(UsageError, match="objects"):
        parse_profile(b"[" + b"{}," * MAX_OBJECTS + b"{}]", "p")
    assert time.process_time() - begun < 10


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file") as refused:
        read_profile(tmp_path / "none.json")
    assert refused.value.where == str(tmp_path / "none.json")
