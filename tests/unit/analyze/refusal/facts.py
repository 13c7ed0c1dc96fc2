"""Profiles of programs that are ELF files in name only, and what the rules make of them."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace

from converter.analyze.entrypoint import Resolution, resolve
from converter.analyze.refusal import Refusal, refusals
from converter.image.tree import Inode
from converter.profile.model import Evidence, Profile, Subject
from tests.unit.analyze.entrypoint.images import image

APP, LIBC = "/bin/server", "/lib/libc.so.6"
READ = "read"
MAIN = "main <- _start <- entry point"

Known = Mapping[str, Sequence[Evidence]]


def site(call: str, way: str = f"server:{MAIN}", source: str = LIBC) -> Evidence:
    """A wrapper of the C library makes the call, and `way` leads there."""
    return Evidence("static", source, f"{call}+0x5 at 0x10a8e5 <- {way}")


def passing(way: str = f"main to __socket <- {MAIN.partition(' <- ')[2]}", source: str = APP) -> Evidence:
    """A function hands an argument on."""
    return Evidence("static", source, way)


def seen(detail: str = "server") -> Evidence:
    return Evidence("dynamic", "trace", detail)


def program(
    *argv: str, env: Sequence[str] = (), files: Mapping[str, Inode | str] | None = None
) -> Resolution:
    """An image whose command is `argv`."""
    config, tree = image(files or {}, entrypoint=argv or ("server",), env=("PATH=/bin", *env))
    return resolve(config, tree)


def needs(
    resolution: Resolution | None = None,
    syscalls: Known | None = None,
    *,
    handlers: Sequence[str] = (),
    forked: int = 0,
    started: Sequence[str] = (),
    arguments: Mapping[str, Known] | None = None,
    **fields: Known,
) -> dict[str, Refusal]:
    """The refusals by what is needed; `fields` are of the profile."""
    found = resolution or program()
    subject = Subject(
        reference="",
        digest="",
        platform="linux/amd64",
        path=os.fsdecode(found.program.executable.loaded_real_path),
        argv=tuple(map(os.fsdecode, found.program.argv)),
        env=(),
        cwd="/",
        user=(0, 0),
    )
    profile = Profile(subject, "1", syscalls=_tuples(syscalls))
    choices = {name: _tuples(each) for name, each in (arguments or {}).items()}
    profile = replace(profile, arguments=choices, **{name: _tuples(each) for name, each in fields.items()})
    told = refusals(found, profile, handlers, forked=forked, started=started)
    assert all(each.evidence for each in told)
    assert len({each.need for each in told}) == len(told)
    return {each.need: each for each in told}


def _tuples(known: Known | None) -> dict[str, tuple[Evidence, ...]]:
    return {name: tuple(evidence) for name, evidence in (known or {}).items()}
