"""Converting the same again copies what is kept; whatever decides the result makes another conversion."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from converter.cli.main import app
from converter.conversion_cache import tool
from converter.conversion_cache.conversion import Converted, converted, kept_unikernel
from converter.conversion_cache.documents import Documents
from converter.errors import UsageError
from converter.known import profile_in
from converter.options import Options
from converter.report.comparison import document, of_document
from tests.builders import elves, oci
from tests.unit.image.registry_server import serving

LAYER = oci.layer(
    oci.file("bin/app", elves.elf(kind=elves.EXEC), mode=0o755),
    oci.file("bin/sh", elves.elf(kind=elves.EXEC), mode=0o755),
    oci.file("usr/share/doc/app/\udcff", b"y" * 3000),
)
RUN: dict[str, Any] = {"Cmd": ["/bin/app", "a b\x1b[2J"]}


@pytest.fixture(autouse=True)
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The entries of a cache of our own; what is compiled is everybody's."""
    from converter.cache.folder import cache_folder

    compiled, cache = cache_folder("libos"), tmp_path / "cache"
    cache.mkdir()
    (cache / "libos").symlink_to(compiled)
    monkeypatch.setenv("U2K_CACHE_DIR", str(cache))
    return cache / "unikernels"


@pytest.fixture
def archive(tmp_path: Path) -> str:
    return str(oci.write_tar(tmp_path / "image.tar", oci.simple_layout([LAYER], run=RUN)))


def convert(archive: str, options: Options | None = None, **more: Any) -> Converted:
    return converted(archive, Path(archive).with_suffix(".u2k"), options, force=True, **more)


def entry(kept: Path) -> Path:
    (found,) = (path for path in kept.iterdir() if not path.name.startswith("."))
    return found


def test_the_same_again_is_the_same(archive: str) -> None:
    first = convert(archive)
    data = first.file.read_bytes()
    first.file.unlink()
    again = convert(archive)
    assert (first.reused, again.reused) == (False, True)
    assert again.file.read_bytes() == data
    assert again.file.stat().st_mode & 0o111
    assert (again.report, again.manifest) == (first.report, first.manifest)


def test_a_report_survives_its_json(archive: str) -> None:
    report = convert(archive, Options(allow_unsupported=True)).report
    assert of_document(json.loads(json.dumps(document(report)))) == report


@pytest.mark.parametrize(
    "other", [Options(env=("A=b",)), Options(files="all"), Options(target="process"), Options(form="full")]
)
def test_other_options_are_another_conversion(archive: str, other: Options) -> None:
    convert(archive)
    assert not convert(archive, other).reused
    assert convert(archive, other).reused


def test_where_it_came_from_is_none(archive: str) -> None:
    convert(archive)
    assert convert(archive, Options(source="archive")).reused


def test_a_profile_makes_another_conversion(archive: str) -> None:
    profile = profile_in(convert(archive).file)
    assert not convert(archive, profiles=[profile]).reused
    assert convert(archive, profiles=[profile]).reused
    assert not convert(archive, profiles=[profile, profile]).reused


def test_another_image_is_another_conversion(archive: str, tmp_path: Path) -> None:
    convert(archive)
    run = {**RUN, "Env": ["A=b"]}
    other = str(oci.write_tar(tmp_path / "other.tar", oci.simple_layout([LAYER], run=run)))
    assert not convert(other).reused


def test_the_names_are_those_of_now(archive: str, tmp_path: Path) -> None:
    convert(archive)
    renamed = str(Path(archive).rename(tmp_path / "renamed.tar"))
    profile = tmp_path / "p.json"
    again = convert(renamed, documents=Documents(profile=profile))
    assert again.reused
    assert (again.report.reference, again.report.subject.reference) == (renamed, "renamed.tar")
    assert again.report.file == str(tmp_path / "renamed.u2k")
    assert json.loads(profile.read_text())["subject"]["reference"] == "renamed.tar"


def test_documents_are_the_same_as_of_a_conversion(archive: str, tmp_path: Path) -> None:
    def made(number: int) -> list[bytes]:
        names = ("p.json", "s.json", "b.cdx.json")
        paths = [tmp_path / f"{number}-{name}" for name in names]
        paths[2] = tmp_path / "b.cdx.json"
        result = convert(archive, documents=Documents(*paths))
        assert result.reused is (number > 1)
        return [path.read_bytes() for path in paths]

    convert(archive)
    first = made(1)  # the bill of materials was not asked for before
    assert made(2) == made(3) == first


def test_no_cache_converts_anew(archive: str, kept: Path) -> None:
    convert(archive)
    before = (entry(kept) / "unikernel").stat().st_ino
    assert not convert(archive, reuse=False).reused
    assert (entry(kept) / "unikernel").stat().st_ino != before
    assert convert(archive).reused


@pytest.mark.parametrize("damage", ["cut", "report", "no report", "not a unikernel", "list"])
def test_what_is_damaged_is_made_again(archive: str, kept: Path, damage: str) -> None:
    data = convert(archive).file.read_bytes()
    file, report = entry(kept) / "unikernel", entry(kept) / "report.json"
    if damage == "cut":
        file.write_bytes(data[:-1])
    elif damage == "not a unikernel":
        file.write_bytes(bytes(len(data)))
    elif damage == "no report":
        report.unlink()
    else:
        report.write_text('{"size": 1' if damage == "report" else "[]")
    again = convert(archive)
    assert not again.reused
    assert again.file.read_bytes() == data
    assert convert(archive).reused


def test_a_refused_overwrite_changes_nothing(archive: str) -> None:
    file = convert(archive).file
    file.write_bytes(b"mine")
    with pytest.raises(UsageError, match="not overwritten"):
        converted(archive, file)
    assert file.read_bytes() == b"mine"


def test_runs_and_conversions_share_what_is_kept(archive: str, kept: Path) -> None:
    file = kept_unikernel(archive, Options())
    assert file == entry(kept) / "unikernel"
    assert convert(archive).reused
    before = file.stat().st_ino
    assert kept_unikernel(archive, Options()).stat().st_ino == before


def test_two_at_once_convert_once(archive: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline, calls = import_module("converter.convert"), []  # the name is a function of the API, too
    real = pipeline.convert

    def counted(*args: Any, **more: Any) -> Any:
        calls.append(args)
        return real(*args, **more)

    monkeypatch.setattr(pipeline, "convert", counted)
    found: list[Converted] = []
    threads = [
        threading.Thread(target=lambda at=at: found.append(converted(archive, tmp_path / f"{at}.u2k")))
        for at in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(calls) == 1
    assert sorted(each.reused for each in found) == [False, True, True]
    assert len({each.file.read_bytes() for each in found}) == 1


def test_a_cache_that_keeps_nothing_is_no_error(archive: str, kept: Path) -> None:
    kept.write_text("in the way")
    assert not convert(archive).reused
    assert not convert(archive).reused


def test_a_registry_is_asked_once(tmp_path: Path) -> None:
    blobs, manifest = oci.image([LAYER], run=RUN)
    with serving() as server:
        server.serves("app", blobs, manifest)
        reference, options = f"{server.host}/app", Options(source="registry")
        assert not converted(reference, tmp_path / "a.u2k", options).reused
        asked = len(server.seen)
        assert converted(reference, tmp_path / "b.u2k", options).reused
        assert len(server.seen) == asked + 1


LOADED = """
import sys
from converter.cli.main import app
app(sys.argv[1:], standalone_mode=False)
print(*sys.modules, file=sys.stderr)
"""


def test_what_converts_is_not_loaded(archive: str) -> None:
    convert(archive)
    words = ["convert", "-f", "-o", f"{archive}.u2k", archive]
    done = subprocess.run([sys.executable, "-c", LOADED, *words], capture_output=True, text=True, check=True)
    names = {name for name in done.stderr.split() if name.startswith("converter.")}
    assert "converter.conversion_cache.conversion" in names
    assert not {name for name in names if name.startswith(("converter.analyze.calls", "converter.convert."))}
    assert names.isdisjoint({"converter.convert", "converter.profiling", "converter.link.kernel"})


def test_the_command_says_the_same(archive: str) -> None:
    def said(*words: str) -> str:
        done = CliRunner().invoke(app, ["convert", "-f", "-o", f"{archive}.u2k", archive, *words])
        assert done.exit_code == 0, (done.output, done.exception)
        return done.output

    assert said("--no-cache") == said()
    assert said("--no-cache", "--json") == said("--json")


def test_the_digest_of_the_tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "package"
    (package / "sub").mkdir(parents=True)
    source = package / "sub/a.py"
    source.write_text("1")
    monkeypatch.setattr(tool, "_PACKAGE", package)

    def digest() -> str:
        tool.tool_digest.cache_clear()
        return tool.tool_digest()

    try:
        first = digest()
        assert digest() == first
        source.touch()
        assert digest() == first, "the contents count, and not when they were written"
        (package / "__pycache__").mkdir()
        (package / "__pycache__/a.pyc").write_text("x")
        assert digest() == first
        source.write_text("2")
        assert digest() != first
        source.write_text("1")
        assert digest() == first
        (package / "b.py").write_text("")
        assert digest() != first
    finally:
        tool.tool_digest.cache_clear()
