"""Reading a profile that came from outside: every access says what it expects and where it looked."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from converter.errors import UsageError
from converter.profile.model import DECIDED_BY, KINDS, SCHEMA, Entries, Evidence, Profile, Subject, Unresolved

MAX_BYTES = 64 << 20  # of the JSON text
MAX_NAMES = 1 << 18  # in one section: files of a large image
MAX_OBJECTS = 1 << 21  # in the document: each takes more memory than text
MAX_EVIDENCE = 64  # of one entry; merging keeps fewer
MAX_TEXT = 1 << 17  # characters of one string: an environment variable can be as long (MAX_ARG_STRLEN)
_CALL = re.compile(r"([a-z0-9_]+|\*)\Z")  # `*`: any
_PATH = re.compile("/")
_DIGITS = 20  # of the largest number: 2^64 - 1
_HINT = "make it again with: u2k profile IMAGE -o FILE"


def read_profile(path: Path) -> Profile:
    """The profile in a JSON file. UsageError, with where in the file, for all that is no profile."""
    where = str(path)
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror}", where=where, hint="check the path") from error
    return parse_profile(data, where)


def parse_profile(data: bytes, where: str) -> Profile:
    """UsageError, with where in the document, for all that is no profile of this version's schema."""
    if len(data) > MAX_BYTES:
        raise UsageError(f"a profile has at most {MAX_BYTES >> 20} MiB", where=where, hint=_HINT)
    try:
        value = json.loads(data, object_pairs_hook=_Objects(), parse_int=_whole)
    except RecursionError as error:
        raise UsageError("not JSON of a profile: nested too deeply", where=where, hint=_HINT) from error
    except ValueError as error:
        raise UsageError(f"not JSON: {error}", where=where, hint=_HINT) from error
    return _profile(_Reader(value, where))


class _Objects:
    """Makes the document's objects. RFC 8259 leaves open what a name that is there twice means: one of the
    values would be lost silently.
    """

    def __init__(self) -> None:
        self._made = 0

    def __call__(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        self._made += 1
        if self._made > MAX_OBJECTS:
            raise ValueError(f"more than {MAX_OBJECTS} objects")
        found = dict(pairs)
        if len(found) < len(pairs):
            names = Counter(name for name, _ in pairs)
            twice = next(name for name, _ in pairs if names[name] > 1)
            raise ValueError(f"an object has the member {twice[:60]!r} twice")
        return found


def _whole(digits: str) -> int:
    if len(digits) > _DIGITS:
        raise ValueError(f"a number of {len(digits)} digits")
    return int(digits)


def _profile(top: _Reader) -> Profile:
    version = top.object().get("schema")
    if type(version) is int and version > SCHEMA:
        maker = top.object().get("tool_version")
        raise UsageError(
            f"made by a newer u2k{f' ({maker[:40]})' if isinstance(maker, str) else ''}: "
            f"schema {version}, and this version reads {SCHEMA}",
            where=top.where,
            hint="update u2k, or make it again with this one: u2k profile IMAGE -o FILE",
        )
    if version != SCHEMA or type(version) is not int:
        _refuse(
            f"schema {str(version)[:40]} is not one that this version reads ({SCHEMA})"
            if version is not None
            else "this is no profile: it has no member schema",
            top.where,
        )
    top.only(
        "schema",
        "tool_version",
        "subject",
        "syscalls",
        "arguments",
        "libraries",
        "files",
        "sockets",
        "open",
        "unresolved",
    )
    arguments = top.member("arguments")
    return Profile(
        subject=_subject(top.member("subject")),
        tool_version=top.member("tool_version").text(),
        syscalls=_entries(top.member("syscalls"), _CALL),
        arguments={choice: _entries(arguments.member(choice)) for choice in arguments.names()},
        libraries=_entries(top.member("libraries"), _PATH),
        files=_entries(top.member("files"), _PATH),
        sockets=_entries(top.member("sockets")),
        open=top.member("open").texts(),
        unresolved=tuple(_unresolved(item) for item in top.member("unresolved").items()),
    )


def _subject(at: _Reader) -> Subject:
    at.only(*Subject.__dataclass_fields__)
    return Subject(
        reference=at.member("reference").text(),
        digest=at.member("digest").text(),
        platform=at.member("platform").text(),
        path=at.member("path").text(),
        argv=at.member("argv").texts(),
        env=at.member("env").texts(),
        cwd=at.member("cwd").text(),
        user=tuple(item.number(0xFFFFFFFF) for item in at.member("user").items()),
        decided_by=at.member("decided_by").one_of(DECIDED_BY),
        reasons=at.member("reasons").texts(),
    )


def _unresolved(at: _Reader) -> Unresolved:
    at.only(*Unresolved.__dataclass_fields__)
    return Unresolved(
        binary=at.member("binary").text(),
        address=at.member("address").number((1 << 64) - 1),
        function=at.member("function").text(),
        what=at.member("what").text(),
        reason=at.member("reason").text(),
    )


def _entries(at: _Reader, form: re.Pattern[str] | None = None) -> Entries:
    names = at.object()
    if len(names) > MAX_NAMES:
        _refuse(f"{len(names)} entries, at most {MAX_NAMES} are read", at.where)
    wrong = [name for name in names if form is not None and not form.match(name)]
    if wrong:
        _refuse(f"{wrong[0][:60]!r} is no {'path' if form is _PATH else 'name of a system call'}", at.where)
    return {name: _evidences(at.member(name)) for name in at.names()}


def _evidences(at: _Reader) -> tuple[Evidence, ...]:
    items = at.items()
    if not 1 <= len(items) <= MAX_EVIDENCE:
        _refuse(f"an entry has 1 to {MAX_EVIDENCE} pieces of evidence, not {len(items)}", at.where)
    return tuple(_evidence(item) for item in items)


def _evidence(at: _Reader) -> Evidence:
    at.only("kind", "source", "detail")
    kind = at.member("kind").one_of(KINDS)
    detail = at.member("detail").text() if "detail" in at.object() else ""
    return Evidence(kind, at.member("source").text(), detail)


def _refuse(what: str, where: str) -> NoReturn:
    raise UsageError(what, where=where, hint=_HINT)


class _Reader:
    """A JSON value and where it stands: `FILE, syscalls, read, 0`."""

    def __init__(self, value: Any, where: str) -> None:
        self.value = value
        self.where = where

    def object(self) -> dict[str, Any]:
        if not isinstance(self.value, dict):
            self._expected("an object")
        return self.value

    def only(self, *names: str) -> None:
        """No member but these: what is not understood must not be lost silently."""
        extra = sorted(set(self.object()) - set(names))
        if extra:
            _refuse(f"unknown member {extra[0][:60]!r}", self.where)

    def member(self, name: str) -> _Reader:
        if name not in self.object():
            _refuse(f"the member {name!r} is missing", self.where)
        return _Reader(self.value[name], f"{self.where}, {name[:200]}")

    def names(self) -> list[str]:
        """The names of the members, in order; they are strings as all others."""
        return sorted(_Reader(name, self.where).text() for name in self.object())

    def items(self) -> list[_Reader]:
        if not isinstance(self.value, list):
            self._expected("a list")
        if len(self.value) > MAX_NAMES:
            _refuse(f"{len(self.value)} items, at most {MAX_NAMES} are read", self.where)
        return [_Reader(item, f"{self.where}, {number}") for number, item in enumerate(self.value)]

    def text(self) -> str:
        if not isinstance(self.value, str):
            self._expected("a string")
        if len(self.value) > MAX_TEXT or "\0" in self.value:
            _refuse(f"a string of more than {MAX_TEXT} characters, or with a NUL in it", self.where)
        if not self.value.isascii():
            try:
                os.fsencode(self.value)  # paths and arguments are bytes in the end
            except UnicodeEncodeError:
                _refuse("a string with half a character in it", self.where)
        return self.value

    def one_of(self, words: Sequence[str]) -> str:
        word = self.text()
        if word not in words:
            _refuse(f"one of {', '.join(words)} was expected, not {word[:40]!r}", self.where)
        return word

    def texts(self) -> tuple[str, ...]:
        return tuple(item.text() for item in self.items())

    def number(self, highest: int) -> int:
        # bool is a subclass of int, but `true` is no address.
        if type(self.value) is not int or not 0 <= self.value <= highest:
            self._expected(f"a whole number from 0 to {highest}")
        return int(self.value)

    def _expected(self, what: str) -> NoReturn:
        _refuse(f"{what} was expected, not {str(self.value)[:60]!r}", self.where)
