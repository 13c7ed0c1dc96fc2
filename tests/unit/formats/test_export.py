"""Exporting: formats by name, those of other packages, and that nothing half-written is left."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from converter.errors import OutputError, U2kError, UsageError
from converter.formats import catalogue
from converter.formats.catalogue import NAMES, all_formats
from converter.formats.export import export
from converter.formats.shipment import Shipment
from converter.image.platform import Platform


def contents(path: Path) -> dict[str, bytes]:
    files = [path] if path.is_file() else sorted(each for each in path.rglob("*") if each.is_file())
    return {each.relative_to(path.parent).as_posix(): each.read_bytes() for each in files}


@pytest.mark.parametrize("form", NAMES)
def test_the_same_bytes_twice(form: str, in_memory: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "1", tmp_path / "2"
    first.mkdir()
    second.mkdir()
    made = [export(in_memory, form, folder / "out") for folder in (first, second)]
    assert contents(made[0]) == contents(made[1])
    assert [path.name for path in first.iterdir()] == ["out"]


@pytest.mark.parametrize("form", NAMES)
def test_what_is_there_stays_without_force(form: str, in_memory: Path, tmp_path: Path) -> None:
    out = export(in_memory, form, tmp_path / "out")
    before = contents(out)
    with pytest.raises(UsageError, match="not overwritten"):
        export(in_memory, form, out)
    assert contents(export(in_memory, form, out, force=True)) == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_folder_of_somebody_else_stays(in_memory: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.tex").write_text("x")
    with pytest.raises(OutputError, match=r"thesis\.tex"):
        export(in_memory, "firecracker", tmp_path / "out", force=True)
    assert contents(tmp_path / "out") == {"out/thesis.tex": b"x"}


def test_mistakes(in_memory: Path, archive: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="'iso' is none of: elf, raw"):
        export(in_memory, "iso", tmp_path / "x")
    with pytest.raises(UsageError, match="not a unikernel"):
        export(archive, "raw", tmp_path / "x")
    with pytest.raises(OutputError, match="folder does not exist"):
        export(in_memory, "raw", tmp_path / "none" / "x")
    with pytest.raises(UsageError, match="itself"):
        export(in_memory, "elf", in_memory, force=True)
    for form in ("elf", "oci"):
        with pytest.raises(UsageError, match="no place for a command line"):
            export(in_memory, form, tmp_path / "x", cmdline="A=1")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("form", [name for name in NAMES if name != "elf"])
def test_a_process_is_no_machine(form: str, archive: Path, tmp_path: Path) -> None:
    from converter.convert import convert
    from converter.options import Options

    process = convert(str(archive), tmp_path / "p.u2k", Options(target="process"), force=True).unikernel.path
    with pytest.raises(UsageError, match="is for virtual machines"):
        export(process, form, tmp_path / "x")


def test_what_cannot_be_is_said_before_anything_is_converted(tmp_path: Path) -> None:
    """The image is not even looked for."""
    from converter.options import Options
    from converter.shipped import destination

    out = tmp_path / "out"
    for form, cmdline, options, said in (
        ("raw", "", Options(target="process"), "is for virtual machines"),
        ("raw", "", Options(Platform.parse("linux/arm64")), "for arm64 cannot be made yet"),
        ("elf", "A=1", Options(), "no place for a command line"),
        ("iso", "", Options(), "is none of"),
    ):
        with (
            pytest.raises(UsageError, match=said),
            destination("no-such-image", out, form, cmdline, options),
        ):
            pytest.fail("it went on")
    assert list(tmp_path.iterdir()) == []


class Shouted:
    name = "shouted"
    description = "for the test"
    suffix = ".txt"
    cmdline = False

    def check(self, target: str, architecture: str) -> None:
        return

    def write(self, what: Shipment, out: Path) -> None:
        out.write_text(what.name.upper())


class Broken(Shouted):
    def write(self, what: Shipment, out: Path) -> None:
        out.write_text("half")
        raise OSError(28, "No space left on device")


@pytest.fixture
def others(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Packages that bring formats: a good one, one whose disk is full, one that would replace ours."""
    points = [
        metadata.EntryPoint(name, f"{__name__}:{what}", catalogue.GROUP)
        for name, what in (("shouted", "Shouted"), ("broken", "Broken"), ("elf", "Shouted"))
    ]
    loaded = {"Shouted": Shouted, "Broken": Broken, "Missing": None}
    monkeypatch.setattr(
        metadata.EntryPoint, "load", lambda self: loaded[self.value.rpartition(":")[2]], raising=True
    )

    def entry_points(**which: Any) -> list[metadata.EntryPoint]:
        return points if which == {"group": "u2k.formats"} else []

    monkeypatch.setattr(metadata, "entry_points", entry_points)
    all_formats.cache_clear()
    yield
    all_formats.cache_clear()


def test_formats_of_other_packages(others: None, in_memory: Path, tmp_path: Path) -> None:
    assert export(in_memory, "shouted", tmp_path / "a.txt").read_text() == "MEMORY"
    assert export(in_memory, "elf", tmp_path / "a.u2k").read_bytes() == in_memory.read_bytes()
    with pytest.raises(OutputError, match="No space left"):
        export(in_memory, "broken", tmp_path / "b")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.txt", "a.u2k"]


def test_a_package_that_cannot_be_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    point = metadata.EntryPoint("lost", "no_such_module_anywhere:Format", catalogue.GROUP)
    monkeypatch.setattr(metadata, "entry_points", lambda **_: [point])
    all_formats.cache_clear()
    with pytest.raises(U2kError, match="the format lost cannot be loaded"):
        all_formats()
    all_formats.cache_clear()
