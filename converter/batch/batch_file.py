"""A batch file: YAML (a list, or `defaults:` and `images:`), or one reference a line."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from converter.batch.model import Task
from converter.batch.options import DOCUMENTS, inside, options_of, read_settings
from converter.batch.yaml_reading import MAX_BYTES, Value, read_yaml, wrong
from converter.errors import IncompatibleImageError, UsageError
from converter.formats.catalogue import format_named
from converter.formats.export import default_output
from converter.output import default_name

_IMAGES_MAX = 20_000
_YAML = re.compile(r"(- |-$|---|\[|\{|%|(images|defaults) *:( |$))")


def read_batch(path: str) -> tuple[Task, ...]:
    """The tasks of a file; `-` is standard input. UsageError, with the line, for what makes no sense."""
    where = "standard input" if path == "-" else path
    tasks = tuple(parse_batch(_read(path, where), where))
    if not tasks:
        raise UsageError("there is no image in it", where=where, hint="write one reference a line, or YAML")
    return tasks


def parse_batch(text: str, where: str) -> list[Task]:
    """The tasks in a text. UsageError: as `read_batch`."""
    first = next(
        (line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")), ""
    )
    entries = list(_of_yaml(text, where) if _YAML.match(first) else _of_lines(text))
    if len(entries) > _IMAGES_MAX:
        raise UsageError(f"more than {_IMAGES_MAX} images", where=where, hint="divide the file")
    tasks: list[Task] = []
    taken: dict[str, int] = {}
    for number, (line, image, output, settings) in enumerate(entries, 1):
        if not image or image.startswith("-") or not image.isprintable():
            raise wrong(where, line, f"{image[:80]!r} names no image")
        try:
            options_of(settings)
            kind = format_named(settings.get("format", "elf"))
        except (UsageError, IncompatibleImageError) as error:
            raise wrong(where, line, str(error), error.hint) from error
        task = Task(
            number, image, output or str(default_output(Path(default_name(image)), kind)), settings, line
        )
        for file in (task.output, *(settings[name] for name in DOCUMENTS if name in settings)):
            if file in taken:
                what = f"{file} would be written for line {taken[file]} as well"
                raise wrong(where, line, what, "give one of them another name with `output:`")
            taken[file] = line
        tasks.append(task)
    return tasks


_Entry = tuple[int, str, str, dict[str, Any]]  # line, image, output or "", settings


def _read(path: str, where: str) -> str:
    try:
        if path == "-":
            data = sys.stdin.buffer.read(MAX_BYTES + 1)
        else:
            with Path(path).open("rb") as file:
                data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror}", where=where, hint="check the path") from error
    if len(data) > MAX_BYTES:
        raise UsageError(f"longer than {MAX_BYTES} bytes", where=where, hint="divide the file")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise wrong(where, line, "not UTF-8") from error


def _of_lines(text: str) -> Iterator[_Entry]:
    for number, line in enumerate(text.splitlines(), 1):
        image = re.sub(r"(^|\s)#.*", "", line).strip()
        if image:
            yield number, image, "", {}


def _of_yaml(text: str, where: str) -> Iterator[_Entry]:
    top = read_yaml(text, where)
    defaults: dict[str, Any] = {}
    images: Value | None = top
    if isinstance(top.of, dict):
        for name, (line, _) in top.of.items():
            if name not in ("defaults", "images"):
                raise wrong(where, line, f"{name[:60]!r} is neither `defaults` nor `images`")
        if "defaults" in top.of:
            line, value = top.of["defaults"]
            if not isinstance(value.of, dict):
                raise wrong(where, line, "options were expected below `defaults`")
            for name in DOCUMENTS:
                if name in value.of:
                    raise wrong(where, value.of[name][0], f"{name} names one file, and cannot be for all")
            defaults = read_settings(value.of, where)
        images = top.of["images"][1] if "images" in top.of else None
    if images is None or not isinstance(images.of, list):
        raise wrong(where, top.line if images is None else images.line, "a list of images was expected")
    for each in images.of:
        yield _entry(each, defaults, where)


def _entry(value: Value, defaults: dict[str, Any], where: str) -> _Entry:
    if not isinstance(value.of, dict):
        if value.of is None or isinstance(value.of, list):
            raise wrong(where, value.line, "an image was expected: a reference, or a mapping with `image:`")
        return value.line, value.text, "", defaults
    if "image" not in value.of:
        raise wrong(where, value.line, "`image:` is missing")
    entries = dict(value.of)
    line, image = entries.pop("image")
    if isinstance(image.of, list | dict) or image.of is None:
        raise wrong(where, line, "a reference was expected")
    output = ""
    if "output" in entries:
        at, name = entries.pop("output")
        output = inside(name, where, at)
    return line, image.text, output, {**defaults, **read_settings(entries, where)}
