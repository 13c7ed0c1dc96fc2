"""The options of an image in a batch file: those of `u2k convert`, by the same names, as YAML has them."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Any

from converter.batch.model import Settings
from converter.batch.yaml_reading import Value, wrong
from converter.errors import UsageError
from converter.image.open import SOURCES
from converter.image.platform import Platform
from converter.image.reference import parse_registry_name
from converter.link.wishes import check_options
from converter.options import FILES, ROOTS, TARGETS, Form, Options

_Read = Callable[[Value, str, int], Any]


def _text(value: Value, where: str, line: int) -> str:
    """A scalar as it is written: 7 and yes are text, too."""
    if isinstance(value.of, list | dict) or value.of is None:
        raise wrong(where, line, "text was expected")
    return value.text


def _flag(value: Value, where: str, line: int) -> bool:
    if not isinstance(value.of, bool):
        raise wrong(where, line, "true or false was expected")
    return value.of


def _texts(value: Value, where: str, line: int) -> list[str]:
    """A list, or one."""
    if isinstance(value.of, list):
        return [_text(each, where, each.line) for each in value.of]
    return [_text(value, where, line)]


def _words(value: Value, where: str, line: int) -> list[str]:
    """A list of words, or a line by the shell's quoting rules."""
    if isinstance(value.of, list):
        return _texts(value, where, line)
    try:
        return shlex.split(_text(value, where, line))
    except ValueError as error:
        raise wrong(where, line, f"{error}: quote it as for a shell") from error


def _variables(value: Value, where: str, line: int) -> list[str]:
    """NAME=VALUE in a list, or a mapping."""
    if isinstance(value.of, dict):
        return [f"{name}={_text(each, where, at)}" for name, (at, each) in value.of.items()]
    entries = _texts(value, where, line)
    for entry in entries:
        if not entry.partition("=")[0] or "=" not in entry:
            raise wrong(where, line, f"{entry!r} sets no variable", "write NAME=VALUE, or NAME: VALUE")
    return entries


def _one_of(*allowed: str) -> _Read:
    def read(value: Value, where: str, line: int) -> str:
        word = _text(value, where, line)
        if word not in allowed:
            raise wrong(where, line, f"{word!r} is none of: {', '.join(allowed)}")
        return word

    return read


def _registry_name(value: Value, where: str, line: int) -> str:
    """What a unikernel is to be called in a registry."""
    name = _text(value, where, line)
    try:
        parse_registry_name(name)
    except UsageError as error:
        raise wrong(where, line, str(error), error.hint) from error
    return name


def inside(value: Value, where: str, line: int) -> str:
    """A file to write: a relative path that stays in the batch's folder."""
    text = _text(value, where, line)
    path = PurePosixPath(text)
    if path.is_absolute() or ".." in path.parts or not path.name or "\0" in text:
        raise wrong(
            where,
            line,
            f"{text!r} is no file inside the folder of the results",
            "write a relative path, without `..`",
        )
    return str(path)


OPTIONS: dict[str, _Read] = {
    "platform": _text,
    "target": _one_of(*TARGETS),
    "source": _one_of(*SOURCES),
    "entrypoint": _text,
    "args": _words,
    "env": _variables,
    "program": _words,
    "profile": _texts,
    "strict": _flag,
    "full": _flag,
    "add-syscall": _texts,
    "add-part": _texts,
    "drop": _texts,
    "files": _one_of(*FILES),
    "root": _one_of(*ROOTS),
    "keep": _texts,
    "allow-unsupported": _flag,
    "no-adapt": _flag,
    "format": _text,
    "cmdline": _text,
    "provenance": inside,
    "push": _registry_name,
    "requires": _texts,
    "save-profile": inside,
    "seccomp": inside,
    "sbom": inside,
}
DOCUMENTS = ("save-profile", "seccomp", "sbom", "provenance")


def read_settings(entries: dict[str, tuple[int, Value]], where: str) -> dict[str, Any]:
    """The options of a mapping. UsageError with the line for what is none, or has no sense."""
    found = {}
    for name, (line, value) in entries.items():
        if name not in OPTIONS:
            from difflib import get_close_matches

            close = get_close_matches(name, OPTIONS, 2)
            hint = f"close to it: {', '.join(close)}" if close else f"options: {', '.join(OPTIONS)}"
            raise wrong(where, line, f"there is no option {name[:60]!r}", hint)
        found[name] = OPTIONS[name](value, where, line)
    return found


def options_of(settings: Settings) -> Options:
    """What `u2k convert` would be told. Errors: UsageError, IncompatibleImageError (architecture)."""
    if settings.get("strict") and settings.get("full"):
        raise UsageError("strict and full exclude each other", hint="give one of them")
    form: Form = "strict" if settings.get("strict") else "full" if settings.get("full") else "default"
    entrypoint, program = settings.get("entrypoint"), settings.get("program")
    if program == []:
        raise UsageError("names no program", where="program", hint="give a path and its arguments")
    options = Options(
        Platform.parse(settings.get("platform", "linux/amd64")),
        target=settings.get("target", "vm"),
        source=settings.get("source", "auto"),
        entrypoint=None if entrypoint is None else (entrypoint,),
        args=tuple(settings.get("args", ())),
        env=tuple(settings.get("env", ())),
        program=None if program is None else tuple(program),
        form=form,
        add_syscalls=tuple(settings.get("add-syscall", ())),
        add_parts=tuple(settings.get("add-part", ())),
        drop=tuple(settings.get("drop", ())),
        files=settings.get("files", "slim"),
        root=settings.get("root", "auto"),
        keep=tuple(settings.get("keep", ())),
        allow_unsupported=settings.get("allow-unsupported", False),
        adapt=not settings.get("no-adapt", False),
    )
    check_options(options)
    return options
