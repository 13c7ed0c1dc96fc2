"""The program that is found is the one that a native run ends in, for the entrypoints of the larger set.

By reading; where that can't decide, it must say so, and what it presumes must be right. And by a trace.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import pytest

from converter.analyze.entrypoint import resolve
from converter.analyze.program import Program
from converter.image.open import file_tree, open_image
from converter.options import Options
from converter.profiling import profile_image
from converter.trace.request import TraceRequest
from tests.recall import recording, subject

# Image -> whether reading alone decides; the others prepare a data directory at their first start.
IMAGES = {
    "corpus-redis": True,
    "corpus-nginx": True,
    "corpus-memcached": True,
    "corpus-node-http": True,
    "corpus-php-http": True,
    "corpus-erlang-http": True,
    "corpus-python-http": True,
    "corpus-mariadb": False,
    "corpus-postgres": False,
}


# What the others' entrypoints have to leave for the program.
DATA = {
    "corpus-mariadb": (b"/var/lib/mysql/mysql/user.frm", b"/var/lib/mysql/shop/t.ibd"),
    "corpus-postgres": (b"/var/lib/postgresql/data/PG_VERSION", b"/var/lib/postgresql/data/pg_hba.conf"),
}


@dataclass(frozen=True, slots=True)
class Start:
    """What decides how a program starts; `groups` without the primary one, which docker repeats in them."""

    path: str
    argv: tuple[str, ...]
    env: dict[str, str]
    cwd: str
    uid: int
    gid: int
    groups: tuple[int, ...]


@pytest.mark.slow
@pytest.mark.root
@pytest.mark.parametrize("name", IMAGES)
def test_what_runs_is_found(name: str) -> None:
    if reason := recording.missing():
        pytest.skip(reason)
    chosen = subject.load(name)
    try:
        archive = chosen.archive()
    except subject.Absent as absent:
        pytest.skip(str(absent))
    recorded = recording.record(chosen, archive, "execs")
    assert recorded.failures == []
    image = open_image(str(archive))
    # As the run has it: HOSTNAME is what docker would set, the rest what the image's documentation asks for.
    given = ("HOSTNAME=u2k", *(f"{key}={value}" for key, value in chosen.sessions[0].env.items()))
    found = resolve(image.config, file_tree(image), env=given)
    assert (found.undecided is None) is IMAGES[name], found.undecided
    program = found.program if found.undecided is None else found.presumed
    assert program is not None, found.reasons
    assert as_read(program) == as_seen(recorded.mains[0])

    plain = Options(env=given, adapt=False)
    traced = profile_image(str(archive), plain, trace=TraceRequest(seconds=300)).reading
    assert as_read(traced.program) == as_seen(recorded.mains[0])
    if IMAGES[name]:
        assert traced.resolution.decided_by == found.decided_by
    else:
        assert traced.resolution.decided_by == "trace"
        owners = {path: made.uid for path in DATA[name] if (made := traced.tree.get(path)) is not None}
        assert owners == dict.fromkeys(DATA[name], traced.program.user.uid)


def as_read(program: Program) -> Start:
    return Start(
        path=os.fsdecode(program.executable.loaded_real_path),
        argv=tuple(map(os.fsdecode, program.argv)),
        env={os.fsdecode(key): os.fsdecode(value) for key, value in program.environment.items()},
        cwd=os.fsdecode(program.cwd),
        uid=program.user.uid,
        gid=program.user.gid,
        groups=tuple(sorted(set(program.user.groups) - {program.user.gid})),
    )


def as_seen(main: dict[str, Any]) -> Start:
    last = main["execs"][-1]
    return Start(
        path=main["path"],
        argv=tuple(last["argv"]),
        env=dict(entry.split("=", 1) for entry in last["env"]),
        cwd=last["cwd"],
        uid=main["uid"],
        gid=main["gid"],
        groups=tuple(sorted(set(main["groups"]) - {main["gid"]})),
    )
