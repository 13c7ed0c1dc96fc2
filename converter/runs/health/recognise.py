"""From the command of a HEALTHCHECK to what a host can ask of the server instead (checks.toml)."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from converter.runs.health.command import NotSimpleError, simple_command

_DATA = Path(__file__).with_name("checks.toml")
_HERE = frozenset(("", "localhost", "127.0.0.1", "0.0.0.0", "::1", "::", "ip6-localhost"))  # noqa: S104
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Check:
    """What is asked of the program's TCP port `port`.

    url:    for http: what is fetched, as the image has it
    strict: a status from 400 up is a failure
    wanted: text that the answer must have
    """

    kind: Literal["http", "connect", "exchange"]
    port: int
    url: str = ""
    method: str = "GET"
    headers: tuple[str, ...] = ()
    strict: bool = True
    insecure: bool = False
    send: bytes = b""
    expect: str = ""
    wanted: str = ""


@dataclass(slots=True)
class _Words:
    """A command line taken apart by its entry."""

    options: set[str] = field(default_factory=set)
    values: dict[str, list[str]] = field(default_factory=dict)
    operands: list[str] = field(default_factory=list)

    def last(self, names: Iterable[str], default: str) -> str:
        found = [value for name in names for value in self.values.get(name, ())]
        return found[-1] if found else default


@cache
def _entries() -> dict[str, dict[str, Any]]:
    with _DATA.open("rb") as file:
        return {name: row for row in tomllib.load(file)["check"] for name in row["names"]}


def usual_check(port: int) -> Check | None:
    """What is asked of the server whose protocol has this TCP port by default; None: no entry has it."""
    for entry in _entries().values():
        if entry["kind"] == "exchange" and entry.get("default_port") == port:
            return _exchange(entry, port)
    return None


def recognised(test: Sequence[str], env: Mapping[str, str]) -> Check:
    """Errors: NotSimpleError, with the reason, for what is not known."""
    words, wanted = simple_command(test, env)
    name = words[0].rpartition("/")[2]
    if name == "busybox" and len(words) > 1:
        name, words = words[1], words[1:]
    entry = _entries().get(name)
    if entry is None:
        raise NotSimpleError(f"{name} would have to run beside the program")
    said = _taken_apart(entry, words[1:])
    if entry.get("needs", "") and not any(entry["needs"][1:] in each for each in said.options):
        raise NotSimpleError(f"{name} without {entry['needs']} is no check")
    if entry["kind"] == "http":
        return _http(entry, said, wanted)
    host, port = said.last(entry.get("host", ()), ""), said.last(entry.get("port", ()), "")
    operands = entry.get("operands", "")
    if operands == "host port":
        if len(said.operands) != 2:
            raise NotSimpleError(f"{name} is not given one host and one port")
        host, port = said.operands
    elif [each.lower() for each in said.operands] != operands.split():
        raise NotSimpleError(f"{name} does something else than {operands or 'by default'}")
    return _exchange(entry, _port(host, port or str(entry.get("default_port", ""))), wanted)


def _exchange(entry: Mapping[str, Any], port: int, wanted: str = "") -> Check:
    send, expect = entry.get("send", "").encode("latin-1"), entry.get("expect", "")
    return Check(entry["kind"], port, send=send, expect=expect, wanted=wanted)


def _http(entry: Mapping[str, Any], said: _Words, wanted: str) -> Check:
    if len(said.operands) != 1:
        raise NotSimpleError("it does not fetch one URL")
    url = said.operands[0] if "://" in said.operands[0] else "http://" + said.operands[0]
    parts = urlsplit(url)
    if parts.scheme not in _PORTS:
        raise NotSimpleError(f"{parts.scheme} is neither http nor https")
    try:
        port = str(parts.port or _PORTS[parts.scheme])
    except ValueError:
        raise NotSimpleError("its URL has no port that could be") from None
    return Check(
        "http",
        _port(parts.hostname or "", port),
        url,
        "HEAD" if said.options & set(entry["head"]) else "GET",
        tuple(value for name in entry.get("header", ()) for value in said.values.get(name, ())),
        bool(entry.get("always")) or bool(said.options & set(entry.get("strict", ()))),
        bool(said.options & set(entry["insecure"])),
        wanted=wanted,
    )


def _port(host: str, port: str) -> int:
    if host.lower() not in _HERE:
        raise NotSimpleError(f"it asks {host[:60]}, which is another host")
    if not re.fullmatch(r"[0-9]{1,5}", port) or not 1 <= int(port) <= 65535:
        raise NotSimpleError(f"{port[:20]!r} is no port")
    return int(port)


def _taken_apart(entry: Mapping[str, Any], words: Sequence[str]) -> _Words:
    """Options may stand together (-fsS), and with their value (-qO-, --timeout=3)."""
    flags = {each for key in ("flags", "strict", "head", "insecure") for each in entry.get(key, ())}
    valued = {each for key in ("values", "host", "port", "header") for each in entry.get(key, ())}
    found, rest = _Words(), list(words)
    while rest:
        word = rest.pop(0)
        if word == "--":
            found.operands += rest
            break
        if not word.startswith("-") or word == "-":
            found.operands.append(word)
        elif word in flags:
            found.options.add(word)
        elif word.startswith("--"):
            name, equals, value = word.partition("=")
            if name not in valued or not (equals or rest):
                raise NotSimpleError(f"its option {word[:40]} is not known")
            found.values.setdefault(name, []).append(value if equals else rest.pop(0))
        else:
            _letters(word, rest, flags, valued, set(entry.get("attached", ())), found)
    return found


def _letters(
    word: str, rest: list[str], flags: set[str], valued: set[str], attached: set[str], found: _Words
) -> None:
    for at, letter in enumerate(word[1:], 2):
        option = f"-{letter}"
        if option in flags:
            found.options.add(option)
        elif option in valued and (word[at:] or rest):
            found.values.setdefault(option, []).append(word[at:] or rest.pop(0))
            return
        elif option in attached:
            return
        else:
            raise NotSimpleError(f"its option {word[:40]} is not known")
