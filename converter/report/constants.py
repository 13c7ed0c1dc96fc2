"""Names for the numbers that profiles have: `socket.domain` 10 is AF_INET6."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping
from importlib import resources

_BIT_SETS = ("clone.flags",)
_DIGITS = 20  # of 2^64 - 1
_SAME = {"socketpair.domain": "socket.domain", "socketpair.type": "socket.type"}


def with_name(choice: str, value: str) -> str:
    """`10` of `socket.domain` -> `10 AF_INET6`; a value that has no name, or is none, stays as it is."""
    if not value.isdecimal() or len(value) > _DIGITS:
        return value
    number, names = int(value), _names().get(_SAME.get(choice, choice), {})
    if choice in _BIT_SETS:
        known = [name for bit, name in sorted(names.items()) if number & bit == bit]
        rest = number & ~sum(bit for bit in names if number & bit == bit)
        words = [*known, *([hex(rest)] if rest and known else [])]
        return f"{value} {'|'.join(words)}" if words else value
    return f"{value} {names[number]}" if number in names else value


@functools.cache
def _names() -> Mapping[str, Mapping[int, str]]:
    data = resources.files("converter.report").joinpath("data/constants.toml").read_text()
    return {
        # The first name of a number is the usual one.
        choice: {number: name for name, number in reversed(table.items())}
        for choice, table in tomllib.loads(data).items()
    }
