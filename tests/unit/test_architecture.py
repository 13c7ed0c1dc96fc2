"""How the house is laid out (docs/ARCHITECTURE.md), enforced: who may import or include whom."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pytest

from converter.link.parts import all_parts, part_of
from converter.link.source import libos_root, source_files

PACKAGE = Path(__file__).parents[2] / "converter"

# A module imports from lines below its own only, and never from its own line's other members.
FLOORS = (
    {"__main__"},
    {"cli"},
    {"api"},
    {"batch", "running"},
    {"shipped"},
    {"conversion_cache"},
    {"report", "known"},
    {"check"},
    {"convert"},
    {"profiling"},
    {"trace", "runs", "formats", "artifact"},
    {"run", "container", "remembered"},
    {"link"},
    {"rootfs"},
    {"analyze"},
    {"elf", "options"},
    {"image", "profile", "docker_plugin", "image_build"},
    {"cache"},
    {"output", "libos", "sizes"},
    {"errors", "__version__"},
)
FLOOR = {member: number for number, floor in enumerate(FLOORS) for member in floor}


def modules() -> list[Path]:
    inside = (path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py"))
    return sorted(path for path in inside if path.parts[0] not in ("_libos", "__init__.py"))


def member(module: Path) -> str:
    """cli, image ... or a module right below converter/ by its name."""
    return module.parts[0].removesuffix(".py")


def imported(source: str) -> Iterator[tuple[int, str]]:
    """(line, member of converter) of every import, wherever in the file it stands."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: a relative import"
            outer = node.module or ""
            names = [f"converter.{alias.name}" for alias in node.names] if outer == "converter" else [outer]
        else:
            continue
        for name in names:
            if name.startswith("converter."):
                yield node.lineno, name.split(".")[1]


def wrong_imports(own: str, source: str) -> list[str]:
    return [
        f"line {line}: {own} imports {other}"
        for line, other in imported(source)
        if own != other and FLOOR[other] <= FLOOR[own]
    ]


def test_every_member_has_its_place() -> None:
    assert {member(module) for module in modules()} <= set(FLOOR), "a new member needs a place in FLOORS"


def test_imports_run_one_way() -> None:
    found = {module: wrong_imports(member(module), (PACKAGE / module).read_text()) for module in modules()}
    assert {str(module): wrong for module, wrong in found.items() if wrong} == {}


def test_the_rule_finds_what_it_is_for() -> None:
    inside_a_function = "def f():\n    from converter.run.kvm import kvm_works\n"
    assert wrong_imports("image", inside_a_function) == ["line 2: image imports run"]
    assert wrong_imports("run", "from converter import cli") == ["line 1: run imports cli"]
    assert wrong_imports("image", "import converter.profile.schema") != []
    assert wrong_imports("cli", "from converter.report.text import printable\nimport typer") == []


INCLUDE = re.compile(r'^\s*#\s*include\s*(?P<form>[<"])(?P<name>[^>"]*)[>"]', re.MULTILINE)


FREESTANDING = {"stdarg.h", "stdbool.h", "stddef.h", "stdint.h", "stdnoreturn.h"}  # of C17, 4, paragraph 6


def c_sources() -> list[Path]:
    return [path for path in source_files() if path.suffix in (".c", ".h", ".S")]


def wrong_include(source: Path, form: str, name: str) -> str | None:
    """Why `source` (relative to libos/) may not include `name`, or None.

    `<u2k/...>` and `<asm/...>` are for all. A private header is for its own part, and for parts of the same
    library whose rule file says that they need it.
    """
    if form == "<":
        ours = re.fullmatch(r"(u2k|asm)/[a-z0-9_]+\.h", name) is not None
        return None if ours or name in FREESTANDING else "not one of ours"
    target = _normal(PurePosixPath(*source.parent.parts) / name)
    if target is None or not (libos_root() / target).is_file():
        return "there is no such file"
    if target.parts[0] != source.parts[0]:
        return "private to another library"
    own, other = part_of(source), part_of(target)
    if own == other or (own is not None and other is not None and other.name in own.needs):
        return None
    return f"private to {other.name if other else target.parts[0]}, which its part.toml does not need"


def _normal(path: PurePosixPath) -> Path | None:
    parts: list[str] = []
    for part in path.parts:
        if part != "..":
            parts.append(part)
        elif not parts:
            return None
        else:
            parts.pop()
    return Path(*parts)


def test_include_is_all_that_libraries_share() -> None:
    wrong = []
    for source in c_sources():
        for match in INCLUDE.finditer((libos_root() / source).read_text()):
            if (why := wrong_include(source, match["form"], match["name"])) is not None:
                wrong.append(f"{source} includes {match['name']}: {why}")
    assert wrong == []


@pytest.mark.parametrize(
    ("source", "form", "name", "why"),
    [
        ("fs/vfs/open.c", "<", "stdio.h", "not one of ours"),
        ("fs/vfs/open.c", "<", "u2k/../../core/mm.h", "not one of ours"),
        ("fs/vfs/open.c", '"', "../../core/mm.h", "private to another library"),
        ("fs/vfs/open.c", '"', "../procfs/proc.h", "private to procfs"),
        ("fs/vfs/open.c", '"', "../../../../etc/passwd", "no such file"),
        ("include/u2k/vfs.h", '"', "../../core/mm.h", "private to another library"),
    ],
)
def test_the_include_rule_finds_what_it_is_for(source: str, form: str, name: str, why: str) -> None:
    assert why in (wrong_include(Path(source), form, name) or "")


def test_parts_need_parts_that_exist() -> None:
    names = [part.name for part in all_parts()]
    assert len(names) == len(set(names))
    assert {
        part.name: set(part.needs) - set(names) for part in all_parts() if set(part.needs) - set(names)
    } == {}


def test_only_arch_and_platforms_know_the_architecture() -> None:
    """Everything else must compile for each. An assembler statement may be a barrier, or a directive."""
    special = re.compile(r'__x86_64__|__aarch64__|__i386__|__asm__[ a-z_]*\(\s*"[^".]')
    found = {
        str(source)
        for source in c_sources()
        if source.parts[0] not in ("arch", "platform") and special.search((libos_root() / source).read_text())
    }
    assert found == set()
