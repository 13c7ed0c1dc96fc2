"""A program's own option by which it is one process, out of a reviewed file (data/adaptations.toml)."""

from __future__ import annotations

import os
import re
import shlex
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from converter.analyze.entrypoint import Resolution
from converter.image.tree import FileKind, FileTree

_DATA = Path(__file__).resolve().parent / "data" / "adaptations.toml"
_PROGRAM_MAX = 64 << 20  # bytes of an ELF file
_CONFIGURATION_MAX = 1 << 20
_LINE_MAX = 1 << 12
Words = tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Adaptation:
    """What was done to a command line.

    name:    the entry of the data file
    program: base name of the ELF file
    before:  argv as the image has it
    option:  the one that takes statements, or empty; then `add` are statements, else words
    """

    name: str
    program: str
    before: Words
    add: Words
    remove: Words
    option: bytes
    reason: str
    source: str

    def __str__(self) -> str:
        line = shlex.join(map(os.fsdecode, self.before))
        return f"was {line}; {self.name}: {self.reason}; --no-adapt leaves it"

    def applied(self, argv: Words, stays: int = 1) -> Words:
        """`argv` with what is missing, and without what is too much; the same again changes nothing.

        stays: what is added as words of its own stands behind so many
        """
        head = (*argv[:1], *(word for word in argv[1:stays] if word not in self.remove))
        rest = tuple(word for word in argv[stays:] if word not in self.remove)
        kept = head + rest
        if not self.option:
            return head + tuple(word for word in self.add if word not in kept[1:]) + rest
        at = max((at for at, word in enumerate(kept[:-1]) if word == self.option and at), default=0)
        said = kept[at + 1] if at else b""
        text = b" ".join(each + b";" for each in self.add if _says(said, each.split()[0]) is None)
        if not text:
            return kept
        if at:  # the last one is the one that counts
            return (*kept[: at + 1], (said.rstrip() + b" " + text).strip(), *kept[at + 2 :])
        return (*head, self.option, text, *rest)


def adapted(found: Resolution) -> tuple[Resolution, Adaptation | None]:
    """The resolution with the program's command line adapted, if an entry holds for it; and how."""
    if found.undecided is not None:
        return found, None
    entry = next((entry for entry in _entries() if _holds(entry, found)), None)
    made = None if entry is None else _made(entry, found)
    if made is None:
        return found, None
    argv = made.applied(made.before)
    if argv == made.before:
        return found, None
    kept = found.kept_args
    if kept:  # words that are added stand behind the first one, so they belong to what stays
        kept += len(argv) - len(made.before) + sum(word in made.remove for word in made.before[kept:])
    line = shlex.join(map(os.fsdecode, argv))
    step = f"adapted ({made.name} in analyze/data/adaptations.toml): {line}: it is one process: {made.reason}"
    return replace(
        found,
        program=replace(found.program, argv=argv),
        kept_args=kept,
        reasons=(*found.reasons, f"{step}; --no-adapt leaves it as it was"),
    ), made


def as_recorded(made: Adaptation) -> dict[str, Any]:
    """For the manifest: enough to do the same to other arguments when it runs."""
    return {
        "name": made.name,
        "program": made.program,
        "before": list(map(os.fsdecode, made.before)),
        "add": list(map(os.fsdecode, made.add)),
        "remove": list(map(os.fsdecode, made.remove)),
        "option": os.fsdecode(made.option),
        "reason": made.reason,
        "source": made.source,
    }


def recorded(fields: Mapping[str, Any]) -> Adaptation:
    """The reverse. Errors: KeyError, TypeError for what was recorded by another version."""

    def words(name: str) -> Words:
        return tuple(os.fsencode(word) for word in fields[name])

    return Adaptation(
        fields["name"],
        fields["program"],
        words("before"),
        words("add"),
        words("remove"),
        os.fsencode(fields["option"]),
        fields["reason"],
        fields["source"],
    )


@cache
def _entries() -> tuple[dict[str, Any], ...]:
    with _DATA.open("rb") as file:
        return tuple(tomllib.load(file)["adaptation"])


def _holds(entry: Mapping[str, Any], found: Resolution) -> bool:
    """By name, command line and, last because it takes longest, what is in the file."""
    executable = found.program.executable
    name = os.fsdecode(executable.loaded_real_path).rpartition("/")[2]
    if executable.scripts or not any(re.fullmatch(each, name) for each in entry["names"]):
        return False
    line = f" {shlex.join(map(os.fsdecode, found.program.argv[1:]))[:_LINE_MAX]} "
    if "when" in entry and not re.search(entry["when"], line):
        return False
    if "unless" in entry and re.search(entry["unless"], line):
        return False
    if executable.inode.size > _PROGRAM_MAX:
        return False
    data = found.tree.read(executable.inode, _PROGRAM_MAX)
    return all(re.search(each.encode(), data) for each in entry["evidence"])


def _made(entry: Mapping[str, Any], found: Resolution) -> Adaptation | None:
    """With what is to be added here; None if the image itself says otherwise."""
    argv, directives = found.program.argv, entry.get("directives")
    add = tuple(word.encode() for word in (directives or entry).get("add", ()))
    option = b"" if directives is None else directives["option"].encode()
    if directives is not None:
        said = b" ".join(_values(argv, option)[-1:])
        written = _configuration(directives, found.tree, argv)
        wanted = []
        for each in add:
            name, value = each.split()
            for text in (said, written):
                if _says(text, name) not in (None, value):
                    return None
            if _says(written, name) is None:
                wanted.append(each)
        add = tuple(wanted)
    return Adaptation(
        entry["name"],
        os.fsdecode(found.program.executable.loaded_real_path).rpartition("/")[2],
        argv,
        add,
        tuple(word.encode() for word in entry.get("remove", ())),
        option,
        entry["reason"],
        entry["source"],
    )


def _values(argv: Sequence[bytes], option: bytes) -> list[bytes]:
    return [argv[at + 1] for at in range(1, len(argv) - 1) if argv[at] == option]


def _configuration(directives: Mapping[str, Any], tree: FileTree, argv: Words) -> bytes:
    """The program's file without its comments; empty if there is none that can be read."""
    named = _values(argv, directives["file_option"].encode())
    path = named[-1] if named else directives["file"].encode()
    found = tree.resolve(path)
    if found is None or found[1].kind is not FileKind.REGULAR or found[1].size > _CONFIGURATION_MAX:
        return b""
    return re.sub(rb"(?m)(^|\s)#.*$", b"", tree.read(found[1]))


def _says(text: bytes, name: bytes) -> bytes | None:
    """The value of the statement `name`, if it is there."""
    match = re.search(rb"(?:^|[;{}\s])" + re.escape(name) + rb"\s+([^\s;]+)\s*(?:;|$)", text)
    return None if match is None else match[1]
