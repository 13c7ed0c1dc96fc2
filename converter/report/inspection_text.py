"""An inspection as lines for people. Everything an image says of itself is passed through `printable`."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence

from converter.report.inspection import Inspection, LayerView, LibrariesView, ProgramView
from converter.report.text import binary, printable

_COMMAND = 100  # characters of a build step, and
_DELETIONS = 20  # rows, unless all is asked for


def lines(found: Inspection, *, everything: bool = False) -> Iterator[str]:
    """Section by section; without `everything` long commands and lists are cut, and say so."""
    yield printable(found.reference)
    yield from _fields(
        [("platform", found.platform), ("digest", found.digest), ("created", found.created)], "  "
    )
    yield from _section("layers", _layers(found.layers, everything))
    yield from _section("configuration", _configuration(found))
    if found.program is not None:
        yield from _section("program", _program(found.program))
    if found.libraries is not None:
        yield from _section("libraries", _libraries(found.libraries))
    yield from _section("deleted by later layers", _deleted(found, everything))
    if found.problem is not None:
        missing = "program" if found.program is None else "libraries"
        where = f"{found.problem.where}: " if found.problem.where else ""
        yield from ("", printable(f"{missing}: not shown; {where}{found.problem.what}"))


def _section(title: str, body: Iterator[str]) -> Iterator[str]:
    rows = list(body)
    if rows:
        yield ""
        yield title
        yield from (f"  {row}" for row in rows)


def _fields(pairs: Sequence[tuple[str, str]], indent: str = "") -> Iterator[str]:
    told = [(name, value) for name, value in pairs if value]
    width = max((len(name) for name, _ in told), default=0)
    for name, value in told:
        yield f"{indent}{name:<{width}}  {printable(value)}"


def _layers(layers: Sequence[LayerView], everything: bool) -> Iterator[str]:
    if layers:
        yield f"{'':>3}  {'stored':>10}  {'in use':>10}  {'files':>7}  made by"
    for number, layer in enumerate(layers, 1):
        step = " ".join(layer.created_by.split()) or "?"
        if not everything and len(step) > _COMMAND:
            step = step[:_COMMAND] + " ..."
        yield (
            f"{number:>3}  {binary(layer.size):>10}  {binary(layer.contents):>10}  {layer.files:>7}  "
            + printable(step)
        )
        if everything:
            yield f"{'':>3}  {printable(layer.digest)}  {printable(layer.media_type)}"


def _configuration(found: Inspection) -> Iterator[str]:
    config, check = found.configuration, found.configuration.healthcheck
    yield from _fields(
        [
            ("entrypoint", shlex.join(config.entrypoint)),
            ("cmd", shlex.join(config.cmd)),
            *(("env", entry) for entry in config.env),
            ("user", config.user),
            ("workdir", config.workdir),
            ("ports", ", ".join(config.ports)),
            ("volumes", ", ".join(config.volumes)),
            ("stop signal", config.stop_signal),
            ("healthcheck", shlex.join(check.test) if check else ""),
            *(("label", f"{name}={value}") for name, value in config.labels.items()),
        ]
    )


def _program(program: ProgramView) -> Iterator[str]:
    who = f"{program.user} " if program.user else ""
    groups = f", groups {', '.join(map(str, program.groups))}" if len(program.groups) > 1 else ""
    yield from _fields(
        [
            ("path", _linked(program.path, program.real_path)),
            *(
                ("script", f"{script.path} is read by {script.interpreter} {script.argument or ''}".rstrip())
                for script in program.scripts
            ),
            ("loaded", f"{program.loaded} (ELF {program.elf_type})"),
            ("argv", shlex.join(program.argv)),
            ("adapted", shlex.join(program.adapted)),
            ("its argv", program.adaptation),
            ("cwd", program.cwd),
            ("user", f"{who}{program.uid}:{program.gid}{groups}"),
            ("stop signal", str(program.stop_signal)),
            ("folders made", ", ".join(program.made_folders)),
        ]
    )


def _libraries(found: LibrariesView) -> Iterator[str]:
    if found.interpreter is None:
        yield "none: the program is linked statically"
        return
    interpreter = found.interpreter
    yield f"interpreter  {printable(_linked(interpreter.path, interpreter.real_path))}"
    for library in found.libraries:
        place = printable(_linked(library.path, library.real_path))
        yield f"library      {place}, wanted by {printable(library.wanted_by)}"


def _deleted(found: Inspection, everything: bool) -> Iterator[str]:
    shown = found.deleted if everything else found.deleted[:_DELETIONS]
    for each in shown:
        yield f"layer {each.layer:>3}  {binary(each.size):>10}  {printable(each.path)}"
    if len(shown) < len(found.deleted):
        rest = found.deleted[len(shown) :]
        yield f"and {len(rest)} more, {binary(sum(each.size for each in rest))}; -v shows them"


def _linked(path: str, real_path: str) -> str:
    return path if path == real_path else f"{path} -> {real_path}"
