"""Each part of the library OS is one: a rule file, sources that every compiler takes, and true `needs`."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

import pytest

from converter.link.architecture import AARCH64, ARCHITECTURES, X86_64, Architecture
from converter.link.build import PLATFORMS, SHARED, archive_sources, build_archive, include_folders
from converter.link.catalogue import syscall_numbers
from converter.link.optional import optional_symbols
from converter.link.parts import Part, Rules, all_parts, part_of
from converter.link.source import libos_root

# platform/process calls the host by x86-64's own instruction; it comes to arm64 with a later version.
NOT_YET = {("process", AARCH64.name)}
WARNINGS = ("-Wall", "-Wextra", "-Wconversion", "-Werror")
GCC = (
    *("gcc", "-std=c17", "-ffreestanding", "-Os", "-fpie", "-fvisibility=hidden", "-fno-strict-aliasing"),
    *("-mgeneral-regs-only", "-mno-red-zone", "-fno-stack-protector", "-fno-asynchronous-unwind-tables"),
    *WARNINGS,
)
RULES = {
    *("name", "kind", "symbol", "interposer", "header", "needs", "platforms", "hardened", "needed_by"),
    "implied",
}
needs_gcc = pytest.mark.skipif(
    shutil.which("gcc") is None or shutil.which("nm") is None, reason="gcc and nm are not here"
)


def c_files(machine: Architecture) -> list[Path]:
    names = (SHARED, *PLATFORMS)
    return [path for name in names for path in archive_sources(name, machine) if path.suffix == ".c"]


def test_every_source_file_belongs_to_a_part() -> None:
    assert [path for machine in ARCHITECTURES for path in c_files(machine) if part_of(path) is None] == []


def test_every_folder_of_a_library_has_its_rule_file() -> None:
    """fs, drivers, net and platform hold one library a folder."""
    named = {part.folder for part in all_parts()}
    folders = {
        path.relative_to(libos_root())
        for above in ("fs", "drivers", "net", "platform")
        for path in (libos_root() / above).glob("*")
        if any(path.glob("**/*.c"))
    }
    assert folders - named == set()


@pytest.mark.parametrize("part", all_parts(), ids=lambda part: part.name)
def test_rule_file(part: Part) -> None:
    names = {each.name for each in all_parts()}
    rules = tomllib.loads((libos_root() / part.folder / "part.toml").read_text())
    assert set(rules) <= RULES
    assert set(part.needs) <= names - {part.name}
    assert set(part.platforms) <= set(PLATFORMS)
    calls = {name for machine in ARCHITECTURES for name in syscall_numbers(machine)}
    assert set(part.needed_by.syscalls) <= calls
    assert {*part.implied, *(name for users in part.implied.values() for name in users)} <= calls
    if part.kind == "filesystem":
        assert part.symbol is not None and part.symbol.startswith("filesystem_")
    if part.symbol is not None and part.interposer is None:
        assert part.needed_by != Rules(), "nothing makes it needed"


def test_names_and_symbols_are_unique() -> None:
    names = [part.name for part in all_parts()]
    symbols = [part.symbol for part in all_parts() if part.symbol]
    assert len(set(names)) == len(names)
    assert len(set(symbols)) == len(symbols)


@pytest.mark.parametrize("machine", ARCHITECTURES, ids=lambda machine: machine.name)
@pytest.mark.parametrize("name", [SHARED, *PLATFORMS])
def test_it_compiles_with_clang_without_a_warning(name: str, machine: Architecture) -> None:
    if (name, machine.name) in NOT_YET:
        pytest.skip(f"platform/{name} is not on {machine.name} yet")
    assert build_archive(name, machine).stat().st_size > 0


@pytest.fixture(scope="module")
def gcc_objects(tmp_path_factory: pytest.TempPathFactory) -> dict[Path, Path]:
    """Each C file's object, compiled by gcc for x86-64 with two jobs; a warning fails all who ask."""
    folder = tmp_path_factory.mktemp("gcc")
    include = [f"-I{each}" for each in include_folders(X86_64)]

    def one(relative: Path) -> tuple[Path, Path, str]:
        out = folder / f"{'-'.join(relative.with_suffix('').parts)}.o"
        command = [*GCC, *include, "-c", str(libos_root() / relative), "-o", str(out)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return relative, out, done.stderr if done.returncode else ""

    with ThreadPoolExecutor(max_workers=2) as pool:
        made = list(pool.map(one, c_files(X86_64)))
    said = "".join(words for _, _, words in made)
    assert said == "", said[:5000]
    return {relative: out for relative, out, _ in made}


@needs_gcc
@pytest.mark.slow
def test_it_compiles_with_gcc_without_a_warning(gcc_objects: dict[Path, Path]) -> None:
    assert len(gcc_objects) == len(c_files(X86_64))


@cache
def contract_symbols() -> frozenset[str]:
    """What every part may use: the platform's and architecture's contracts, and the table object."""
    tables = [
        (libos_root() / "include/u2k" / name).read_text() for name in ("part.h", "syscall.h", "trace.h")
    ]
    found = {
        name for text in tables for name in re.findall(r"^extern const .*?(\w+)(?:\[\d*\])*;", text, re.M)
    }
    assert {"syscall_handlers", "syscall_words", "part_filesystems", "part_drivers", "part_probes"} <= found
    for header in (libos_root() / "include/u2k").glob("*.h"):
        found |= set(re.findall(r"\b((?:plat|arch)_\w+)\s*[(;]", header.read_text()))
    return frozenset(found | {"_GLOBAL_OFFSET_TABLE_"})  # that one is the linker's


def script_symbols(part: Part) -> set[str]:
    """What a platform's linker script defines."""
    scripts = (libos_root() / part.folder).rglob("*.lds")
    return {name for path in scripts for name in re.findall(r"(\w+) = ", path.read_text())}


def symbols(objects: list[Path], kinds: str) -> set[str]:
    """Names of global symbols of these nm(1) kinds."""
    out = subprocess.run(["nm", "-P", "-g", *map(str, objects)], capture_output=True, text=True, check=True)
    fields = (line.split() for line in out.stdout.splitlines())
    return {each[0] for each in fields if len(each) > 1 and each[1] in kinds}


def closure(name: str, needs: dict[str, tuple[str, ...]]) -> set[str]:
    """The part and all that it needs, transitively."""
    reached, left = set(), [name]
    while left:
        each = left.pop()
        if each not in reached:
            reached.add(each)
            left += needs[each]
    return reached


def never_linked(objects: dict[str, list[Path]]) -> set[str]:
    """Functions of parts that do not exist yet: something stands for them everywhere (u2k/optional.h)."""
    every = [made for each in objects.values() for made in each]
    defined = symbols(every, "TDBRVWA")
    optional = {each.symbol for each in optional_symbols(defined)}
    return optional - defined


@needs_gcc
@pytest.mark.slow
@pytest.mark.parametrize(
    "part", [part for part in all_parts() if part.name != "arch_aarch64"], ids=lambda part: part.name
)
def test_a_part_links_with_what_it_says_it_needs(
    part: Part, gcc_objects: dict[Path, Path], tmp_path: Path
) -> None:
    objects: dict[str, list[Path]] = {}
    for relative, made in gcc_objects.items():
        owner = part_of(relative)
        assert owner is not None
        objects.setdefault(owner.name, []).append(made)
    whole = tmp_path / "part.o"
    subprocess.run(["ld", "-r", "-o", str(whole), *map(str, objects[part.name])], check=True)
    wanted = symbols([whole], "U")
    with_it = closure(part.name, {each.name: each.needs for each in all_parts()})
    defined = set(contract_symbols()) | script_symbols(part)
    for path in (libos_root() / part.folder).rglob("*.S"):
        defined |= set(re.findall(r"^(\w+):", path.read_text(), re.M))
    for name in with_it:
        defined |= symbols(objects.get(name, []), "TDBRVW")
    missing = wanted - defined - never_linked(objects)
    definers = {
        symbol: sorted(name for name, made in objects.items() if symbol in symbols(made, "TDBRVW"))
        for symbol in missing
    }
    assert definers == {}, f"{part.folder}/part.toml: needs does not name the parts that have these"
