"""The list of images that the analysis is held against: one file each, images/NAME.toml.

image    NAME of a fixture recipe; with `corpus = true`, of an archive in the folder $U2K_CORPUS
programs paths of the programs whose calls are compared, the image's own first; the shells and helpers that
         an entrypoint script or an exercise runs are not among them
limit    at most so many calls may be in the static set of the first program (issue 3, acceptance line 2)
quick    part of the default suite, which has to be short

[[session]]            one start of a program, and what is done to it
run      argument vector; by default the image's ENTRYPOINT and CMD
env      additions to the image's environment
user     in the place of the image's USER
ready    {tcp = PORT}, {unix = PATH} or {output = REGEX}: a server that is exercised when it answers; without
         it the session is over when the program ends by itself
before   what is done before the start
steps    what is done then, in order; see exercise.py
stop     the signal that ends a server, by default TERM; "" if a step ends it
stdin    text on standard input
status   of the end, by default 0; -1 for any
expect   a regular expression that must be in the output
"""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from fixtures.build import build
from fixtures.errors import RecipeError

FOLDER = Path(__file__).parent / "images"


@dataclass(frozen=True, slots=True)
class Session:
    run: list[str] | None = None
    env: dict[str, str] = field(default_factory=dict)
    user: str | None = None
    ready: dict[str, Any] = field(default_factory=dict)
    before: list[dict[str, Any]] = field(default_factory=list)
    steps: list[dict[str, Any]] = field(default_factory=list)
    stop: str = "TERM"
    stdin: str = ""
    status: int = 0
    expect: str = ""
    patience: float = 30  # seconds until it is ready, and again until it has ended


@dataclass(frozen=True, slots=True)
class Subject:
    name: str
    image: str
    programs: list[str]
    sessions: list[Session]
    corpus: bool = False
    limit: int | None = None
    quick: bool = False

    def archive(self) -> Path:
        """The OCI archive. Raises `Absent` with the reason where it cannot be had."""
        if not self.corpus:
            try:
                return build(self.image)
            except RecipeError as error:
                raise Absent(f"fixture {self.image}: {error}") from error
        folder = os.environ.get("U2K_CORPUS")
        if folder is None:
            raise Absent("U2K_CORPUS does not say where the corpus images are")
        path = Path(folder) / f"{self.image}.oci.tar"
        if not path.exists():
            raise Absent(f"no corpus image {path}")
        return path


class Absent(Exception):
    """An image that cannot be had here; the text says why."""


def names() -> list[str]:
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def load(name: str) -> Subject:
    """Raises ValueError for a key that means nothing."""
    table = tomllib.loads((FOLDER / f"{name}.toml").read_text())
    sessions = [Session(**_known(Session, entry, name)) for entry in table.pop("session")]
    return Subject(name=name, sessions=sessions, **_known(Subject, table, name))


def _known(kind: type, table: dict[str, Any], name: str) -> dict[str, Any]:
    unknown = sorted(set(table) - {item.name for item in fields(kind)})
    if unknown:
        raise ValueError(
            f"images/{name}.toml: {', '.join(unknown)} means nothing in a {kind.__name__.lower()}"
        )
    return table
