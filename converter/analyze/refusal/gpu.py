"""Programs that compute on a GPU (analyze/data/refusals/gpu.toml says what shows that)."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

from converter.analyze.refusal.model import Facts, Refusal
from converter.analyze.refusal.reviewed import DATA
from converter.elf.linkmap import MissingLibraryError
from converter.errors import IncompatibleImageError
from converter.profile.model import Evidence, Evidences

_NEED = "a GPU"
_NEEDED = "DT_NEEDED "


def gpu(facts: Facts) -> Iterator[Refusal]:
    """One refusal at most: a device that was used, a library, a device in the code, a variable."""
    found = _seen(facts) or _library(facts) or _device(facts) or _variable(facts)
    if found is not None:
        yield found


def without_its_driver(error: MissingLibraryError) -> IncompatibleImageError:
    """The error in words of this rule, if what is missing comes with a GPU's driver; else itself."""
    rule = gpu_library(os.fsdecode(error.name).rpartition("/")[2])
    if rule is None or rule["by"] != "any":
        return error
    wanting, name = os.fsdecode(error.wanted_by), os.fsdecode(error.name)
    return IncompatibleImageError(
        f"needs {_NEED}, which is missing: it needs {name}, {rule['reason']}\n    {wanting}: {_NEEDED}{name}",
        where=wanting,
        hint="choose a build of the program for the CPU",
    )


def _seen(facts: Facts) -> Refusal | None:
    opened = facts.profile.arguments.get("open.path", {})
    paths = [
        path
        for path, why in (*opened.items(), *facts.profile.files.items())
        if _dynamic(why) and _is_device(path)
    ]
    evidence = tuple(
        Evidence("dynamic", each.source, f"{path}; {each.detail}")
        for path in paths[:4]
        for each in (*opened.get(path, ()), *facts.profile.files.get(path, ()))[:1]
    )
    return Refusal(_NEED, "was seen to use one", evidence) if evidence else None


def _library(facts: Facts) -> Refusal | None:
    for path, why in facts.profile.libraries.items():
        rule = gpu_library(path.rpartition("/")[2])
        asking = [
            each
            for each in why
            if each.kind == "dynamic"
            or (
                each.detail.startswith(_NEEDED)
                and (rule is None or rule["by"] == "any" or each.source == facts.path)
            )
        ]
        strongest = facts.strongest(asking)
        if rule is not None and strongest is not None:
            return Refusal(_NEED, f"needs {path}, {rule['reason']}", (strongest,))
    return None


def _device(facts: Facts) -> Refusal | None:
    """A path that the program's own code opens; a text of it somewhere is not enough."""
    for path, why in facts.profile.arguments.get("open.path", {}).items():
        own = facts.strongest(each for each in why if each.source == facts.path and _opens(each))
        if own is not None and _is_device(path):
            return Refusal(_NEED, f"opens {path}", (own,))
    return None


def _opens(why: Evidence) -> bool:
    return " <- " in why.detail or " to " in why.detail.partition("the path")[0]


def _variable(facts: Facts) -> Refusal | None:
    environment = facts.resolution.program.environment
    for rule in _data()["variable"]:
        value = environment.get(rule["name"].encode())
        if value is None or re.fullmatch(rule["none"], os.fsdecode(value)):
            continue
        said = Evidence("static", "the image", f"ENV {rule['name']}={os.fsdecode(value)}")
        hint = f"a program that does without: -e {rule['name']}=void"
        return Refusal(_NEED, "is given one by its environment", (said,), hint)
    return None


def gpu_library(name: str) -> Mapping[str, Any] | None:
    """The rule for a shared object of this base name."""
    for rule in _data()["library"]:
        if any(re.fullmatch(pattern, name) for pattern in rule["names"]):
            return rule  # type: ignore[no-any-return]
    return None


def _is_device(path: str) -> bool:
    return any(re.fullmatch(re.escape(device) + r"(?:[0-9]+|/.*)?", path) for device in _data()["devices"])


def _dynamic(why: Iterable[Evidence]) -> Evidences:
    return tuple(each for each in why if each.kind == "dynamic")


@cache
def _data() -> Mapping[str, Any]:
    with (DATA / "gpu.toml").open("rb") as file:
        return tomllib.load(file)
