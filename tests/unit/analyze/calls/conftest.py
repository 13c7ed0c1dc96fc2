"""A program and its libraries, compiled and analysed."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from converter.analyze.calls.analysis import architecture_of, static_calls
from converter.analyze.calls.budget import Budget
from converter.analyze.calls.graph import ObjectGraph
from converter.analyze.calls.model import LIBRARY, PROGRAM, CodeObject, StaticCalls
from converter.elf.header import read_elf
from converter.elf.memory import ElfMemory
from tests.builders.programs import compiled
from tests.builders.trees import program, tree_of

Analyse = Callable[..., StaticCalls]


def analysed(files: Mapping[str, tuple[bytes, str]]) -> StaticCalls:
    """Of path -> (ELF file, role)."""
    tree = tree_of({path: program(data) for path, (data, _) in files.items()})
    objects = [CodeObject(path.encode(), tree[path.encode()], role) for path, (_, role) in files.items()]
    return static_calls(tree, objects)


def graph_of(data: bytes) -> ObjectGraph:
    """What is read of one ELF file."""
    elf = read_elf(io.BytesIO(data), len(data), "object")
    return ObjectGraph(ElfMemory(data, elf), architecture_of("amd64", "object"), Budget())


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is known beforehand."""
    monkeypatch.setenv("U2K_CACHE_DIR", str(tmp_path / "cache"))


@pytest.fixture
def analyse(tmp_path: Path) -> Analyse:
    """analyse(source, *flags, libraries={name: source}): what the compiled program can do.

    `role`: of the libraries.
    """

    def run(
        source: str,
        *flags: str,
        libraries: Mapping[str, str] | None = None,
        language: str = "c",
        role: str = LIBRARY,
    ) -> StaticCalls:
        files: dict[str, tuple[bytes, str]] = {}
        made: list[str] = []
        for name, text in (libraries or {}).items():
            data = compiled(tmp_path, text, "-shared", "-fPIC", f"-Wl,-soname,{name}", name=name)
            files[f"/lib/{name}"] = (data, role)
            made.append(str(tmp_path / name))
        shape = () if "-no-pie" in flags else ("-pie", "-fpie")
        used = flags or ("-static-pie", "-fpie") if not made else (*flags, *shape, *made)
        data = compiled(tmp_path, source, *used, language=language)
        return analysed({"/bin/program": (data, PROGRAM), **files})

    return run
