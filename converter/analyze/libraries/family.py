"""Families of libraries that programs open at run time: reviewed data, and how it is read.

The format is described in converter/analyze/data/libraries/README.md.
"""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from importlib import resources
from typing import Any

_FOLDER = "data/libraries"


@dataclass(frozen=True, slots=True)
class Condition:
    """All keys that are given must hold; a key holds when one of its items does.

    called:  dynamic symbols that code which can run refers to
    by:      globs of base names of the only objects whose references to `called` count
    besides: globs of base names of objects whose references to `called` do not count
    loaded:  globs of base names or sonames of mapped libraries
    program: globs of the base name of the program's ELF file
    there:   globs of paths in the image
    text:    strings in the contents of a mapped object other than the C library
    argument: globs of words of the program's command line
    legacy_charset: the environment chooses a locale whose charset is not UTF-8
    """

    called: tuple[str, ...] = ()
    by: tuple[str, ...] = ()
    besides: tuple[str, ...] = ()
    loaded: tuple[str, ...] = ()
    program: tuple[str, ...] = ()
    there: tuple[str, ...] = ()
    text: tuple[str, ...] = ()
    argument: tuple[str, ...] = ()
    legacy_charset: bool = False


@dataclass(frozen=True, slots=True)
class Family:
    """One family. It is in use when one of `when` holds.

    names:     opened through the loader's search
    objects:   globs of paths; every shared object that matches is opened
    entries:   globs of the symbols that are looked up in what the family opens; empty: any may be
    beside:    the same, relative to the folder of the program's ELF file
    variables: environment variables with folders, colon-separated; every shared object in them is opened
    files:     globs of paths of data files and programs
    reader:    the function in converter.analyze.libraries.readers that reads its configuration, and after a
               colon an argument
    explains:  globs of base names of objects whose calls of dlopen this family accounts for, whether it is in
               use or not
    open:      why not all can be known, once the family is in use
    """

    name: str
    source: str
    when: tuple[Condition, ...]
    names: tuple[str, ...] = ()
    objects: tuple[str, ...] = ()
    entries: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    reader: str = ""
    explains: tuple[str, ...] = ()
    open: str = ""


@functools.cache
def all_families() -> tuple[Family, ...]:
    """Every family of the data files, by file name and position. Raises ValueError: a data file is wrong."""
    folder = resources.files("converter.analyze").joinpath(_FOLDER)
    found: list[Family] = []
    for file in sorted(folder.iterdir(), key=lambda each: each.name):
        if file.name.endswith(".toml"):
            found += parse_families(file.read_text(encoding="utf-8"), file.name)
    return tuple(found)


def parse_families(text: str, where: str) -> list[Family]:
    """The families of one data file. Raises ValueError, with `where`, for what the format does not have."""
    document = tomllib.loads(text)
    if set(document) != {"family"}:
        raise ValueError(f"{where}: only [[family]] is known, not {sorted(document)}")
    return [_family(each, f"{where}: {each.get('name', '?')}") for each in document["family"]]


def _family(table: Mapping[str, object], where: str) -> Family:
    when = table.get("when")
    if not isinstance(when, list) or not when or not all(isinstance(each, dict) and each for each in when):
        raise ValueError(f"{where}: [[family.when]] is missing or empty")
    values = _checked({key: value for key, value in table.items() if key != "when"}, Family, where)
    if "name" not in values or "source" not in values:
        raise ValueError(f"{where}: name and source are needed")
    conditions = tuple(Condition(**_checked(each, Condition, where)) for each in when)
    return Family(when=conditions, **values)


def _checked(table: Mapping[str, object], kind: type, where: str) -> dict[str, Any]:
    """The values as the fields of `kind` have them."""
    types = {each.name: str(each.type) for each in fields(kind)}
    found: dict[str, Any] = {}
    for key, value in table.items():
        match types.get(key), value:
            case ("str", str()) | ("bool", bool()) if value != "":
                found[key] = value
            case "tuple[str, ...]", list() if value and all(isinstance(each, str) and each for each in value):
                found[key] = tuple(value)
            case _:
                raise ValueError(f"{where}: {key} = {value!r}")
    return found
