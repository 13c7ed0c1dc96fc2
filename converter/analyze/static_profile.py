"""The profile that reading alone gives: what the parts of the analysis found, in one value."""

from __future__ import annotations

import os
from collections.abc import Iterator

from converter import __version__
from converter.analyze.calls.model import StaticCalls
from converter.analyze.entrypoint import Resolution
from converter.analyze.libraries.model import RuntimeLibraries
from converter.analyze.program import Program
from converter.analyze.unknown_paths import told_apart
from converter.elf.closure import LibraryClosure
from converter.image.model import Image
from converter.image.reference import name_elsewhere
from converter.profile.merge import union
from converter.profile.model import Entries, Evidence, Profile, Subject


def static_profile(
    image: Image, found: Resolution, libraries: LibraryClosure, runtime: RuntimeLibraries
) -> Profile:
    """All static evidence of what the program uses."""
    calls = runtime.calls
    arguments = told_apart(calls.arguments, found.tree, found.program, libraries, runtime)
    opened = {os.fsdecode(each.path): each.why for each in runtime.objects}
    belonging = {os.fsdecode(path): why for path, why in runtime.files.items()}
    return Profile(
        subject=subject_of(image, found),
        tool_version=__version__,
        syscalls=union((calls.syscalls, _any_call(calls))),
        arguments={choice: union((arguments[choice],)) for choice in sorted(arguments)},
        libraries=union((dict(_needed(libraries)), opened)),
        files=union((dict(_executed(found.program)), belonging)),
        open=tuple(sorted({*calls.open, *runtime.open})),
        unresolved=tuple(sorted(set(calls.unresolved))),
    )


def _any_call(calls: StaticCalls) -> Entries:
    """The name `*`, if a system call's number could not be told: it may be any, so all are linked."""
    why = tuple(
        Evidence("static", place.binary, f"{place.function} at {place.address:#x}: {place.reason}")
        for place in calls.unresolved
        if place.what == "system call number"
    )
    return {"*": why} if why else {}


def subject_of(image: Image, found: Resolution) -> Subject:
    """The image, and the program as it starts."""
    program, user = found.program, found.program.user
    doubt = () if found.undecided is None else (f"undecided: {found.undecided}",)
    return Subject(
        reference=name_elsewhere(image.reference),
        digest=image.digest,
        platform=str(image.config.platform),
        path=os.fsdecode(program.executable.loaded_real_path),
        argv=tuple(map(os.fsdecode, program.argv)),
        env=tuple(os.fsdecode(name + b"=" + value) for name, value in program.environment.items()),
        cwd=os.fsdecode(program.cwd),
        user=(user.uid, user.gid, *(group for group in user.groups if group != user.gid)),
        decided_by=found.decided_by,
        reasons=(*found.reasons, *doubt),
    )


def _needed(closure: LibraryClosure) -> Iterator[tuple[str, tuple[Evidence, ...]]]:
    """The interpreter and the libraries, with what asks for them."""
    if closure.interpreter is not None:
        found = closure.interpreter
        why = Evidence("static", os.fsdecode(found.wanted_by), f"PT_INTERP {os.fsdecode(found.name)}")
        yield os.fsdecode(found.real_path), (why,)
    for library in closure.libraries:
        why = Evidence("static", os.fsdecode(library.wanted_by), f"DT_NEEDED {os.fsdecode(library.name)}")
        yield os.fsdecode(library.real_path), (why,)


def _executed(program: Program) -> Iterator[tuple[str, tuple[Evidence, ...]]]:
    """The ELF file, and the scripts that lead to it."""
    found = program.executable
    for script in found.scripts:
        argument = f" {os.fsdecode(script.argument)}" if script.argument else ""
        why = Evidence("static", os.fsdecode(script.path), f"#! {os.fsdecode(script.interpreter)}{argument}")
        yield os.fsdecode(found.real_path if script is found.scripts[0] else script.path), (why,)
    yield (
        os.fsdecode(found.loaded_real_path),
        (Evidence("static", os.fsdecode(found.loaded), "the program that runs"),),
    )
