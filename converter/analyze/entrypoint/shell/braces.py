"""Brace expansion of bash: `{a,b}`, `{1..100}` (bash(1), Brace Expansion)."""

from __future__ import annotations

import re

from converter.analyze.entrypoint.shell.syntax import Literal, Part, Word

_RANGE = re.compile(
    r"(-?\d{1,9})\.\.(-?\d{1,9})(?:\.\.(-?\d{1,9}))?|([A-Za-z])\.\.([A-Za-z])(?:\.\.(-?\d{1,9}))?"
)
_MAX = 10_000


class BraceProblem(ValueError):
    """More words than are kept here."""


# A word as single unquoted characters and, between them, everything that braces do not see.
_Units = list[str | Part]


def brace_expanded(word: Word) -> tuple[Word, ...]:
    """The words that `word` becomes; itself if it has no braces that count. Raises BraceProblem."""
    if not any(isinstance(part, Literal) and not part.quoted and "{" in part.text for part in word.parts):
        return (word,)
    units: _Units = []
    for part in word.parts:
        if isinstance(part, Literal) and not part.quoted:
            units.extend(part.text)
        else:
            units.append(part)
    return tuple(Word(_parts(found), word.line) for found in _expand(units, _MAX))


def _parts(units: _Units) -> tuple[Part, ...]:
    parts: list[Part] = []
    text: list[str] = []
    for unit in units:
        if isinstance(unit, str):
            text.append(unit)
            continue
        if text:
            parts.append(Literal("".join(text)))
            text = []
        parts.append(unit)
    return tuple([*parts, Literal("".join(text))] if text else parts)


def _expand(units: _Units, room: int) -> list[_Units]:
    for start, unit in enumerate(units):
        if unit != "{":
            continue
        end, commas = _closing(units, start)
        if end < 0:
            continue
        choices = _choices(units, start, end, commas)
        if not choices:
            continue
        before, after = units[:start], _expand(units[end + 1 :], room)
        result: list[_Units] = []
        for choice in choices:
            for inner in _expand(choice, room) if commas else [choice]:
                result += [before + inner + rest for rest in after]
                if len(result) > room:
                    raise BraceProblem(f"braces that become more than {room} words")
        return result
    return [units]


def _closing(units: _Units, start: int) -> tuple[int, list[int]]:
    """Index of the `}` for the `{` at `start` and of the commas between; -1 if it has none."""
    depth = 0
    commas: list[int] = []
    for at in range(start, len(units)):
        if units[at] == "{":
            depth += 1
        elif units[at] == "}":
            depth -= 1
            if depth == 0:
                return at, commas
        elif units[at] == "," and depth == 1:
            commas.append(at)
    return -1, []


def _choices(units: _Units, start: int, end: int, commas: list[int]) -> list[_Units]:
    if commas:
        edges = [start, *commas, end]
        return [units[edges[i] + 1 : edges[i + 1]] for i in range(len(edges) - 1)]
    inside = units[start + 1 : end]
    if not all(isinstance(unit, str) for unit in inside):
        return []
    found = _RANGE.fullmatch("".join(unit for unit in inside if isinstance(unit, str)))
    if found is None:
        return []
    if found[4]:
        first, last = ord(found[4]), ord(found[5])
    else:
        first, last = int(found[1]), int(found[2])
    step = abs(int(found[3] or found[6] or 1)) or 1
    if abs(last - first) // step >= _MAX:
        raise BraceProblem(f"braces that become more than {_MAX} words")
    numbers = range(first, last + 1, step) if first <= last else range(first, last - 1, -step)
    if found[4]:
        return [[chr(number)] for number in numbers]
    padded = any(re.match(r"-?0\d", found[i]) for i in (1, 2))
    width = max(len(found[1]), len(found[2])) if padded else 0
    return [list(f"{number:0{width}d}") for number in numbers]
