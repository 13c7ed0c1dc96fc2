"""Whether a family is in use, and what that is concluded from."""

from __future__ import annotations

import fnmatch

from converter.analyze.libraries.family import Condition, Family
from converter.analyze.libraries.surroundings import Surroundings
from converter.elf.linkmap import shown

_C_LIBRARIES = ("libc.so.6", "libc.musl-*", "ld-musl-*")
_NO_CHARSET = ("", "C", "POSIX")


def in_use(family: Family, around: Surroundings) -> str | None:
    """The reason why `family` is in use, None if it is not."""
    for condition in family.when:
        why = _holds(condition, around)
        if why is not None:
            return why
    return None


def _holds(condition: Condition, around: Surroundings) -> str | None:
    reasons = []
    for patterns, judge in (
        (condition.program, _program),
        (condition.loaded, _loaded),
        (condition.there, _there),
        (condition.argument, _argument),
        (condition.text, _text),
    ):
        if patterns:
            why = judge(patterns, around)
            if why is None:
                return None
            reasons.append(why)
    if condition.called:
        why = _called(condition, around)
        if why is None:
            return None
        reasons.append(why)
    if condition.legacy_charset:
        charset = locale_charset(around)
        if charset is None:
            return None
        reasons.append(f"the locale's charset is {charset}")
    return ", ".join(reasons)


def _program(patterns: tuple[str, ...], around: Surroundings) -> str | None:
    name = shown(around.program.executable.loaded_real_path.rpartition(b"/")[2])
    return f"the program is {name}" if _any(name, patterns) else None


def _loaded(patterns: tuple[str, ...], around: Surroundings) -> str | None:
    found = around.loaded(*patterns)
    return f"{shown(found.real_path)} is loaded" if found is not None else None


def _called(condition: Condition, around: Surroundings) -> str | None:
    for name in condition.called:
        for path in around.calls.called.get(name, ()):
            base = path.rpartition("/")[2]
            if _any(base, condition.by or ("*",)) and not _any(base, condition.besides):
                return f"{path} refers to {name}"
    return None


def _there(patterns: tuple[str, ...], around: Surroundings) -> str | None:
    found = around.paths.select(patterns)
    return f"{shown(found[0])} is in the image" if found else None


def _argument(patterns: tuple[str, ...], around: Surroundings) -> str | None:
    for word in map(shown, around.program.argv[1:]):
        if _any(word, patterns):
            return f"the argument {word}"
    return None


def _text(texts: tuple[str, ...], around: Surroundings) -> str | None:
    wanted = frozenset(map(str.encode, texts))
    for each in around.mapped():
        if not _any(shown(each.path.rpartition(b"/")[2]), _C_LIBRARIES):
            for text in sorted(around.contained(each.real_path, wanted)):
                return f"{shown(each.real_path)} contains {shown(text)!r}"
    return None


def locale_charset(around: Surroundings) -> str | None:
    """The charset of LC_ALL, LC_CTYPE or LANG (setlocale(3)), where it is one that takes conversion."""
    environment = around.program.environment
    for variable in (b"LC_ALL", b"LC_CTYPE", b"LANG"):
        locale = shown(environment.get(variable, b""))
        if locale:
            name, _, charset = locale.partition("@")[0].partition(".")
            if name in _NO_CHARSET or charset.lower().replace("-", "") == "utf8":
                return None
            return charset or f"that of {name}"
    return None


def _any(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)
