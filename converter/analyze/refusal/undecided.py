"""An entrypoint that reading could not follow: nobody knows yet which program to convert."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator

from converter.analyze.refusal.model import Facts, Refusal
from converter.profile.model import Evidence

# What the script's own words ask for, mostly: `POSTGRES_PASSWORD must be set`.
_GIVES_UP = re.compile(r" ends with status [0-9]+")
_VARIABLE = re.compile(r"\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b")


def undecided(facts: Facts) -> Iterator[Refusal]:
    """The profile is of the shell then, and says nothing of what the shell starts."""
    resolution = facts.resolution
    if resolution.undecided is None:
        return
    steps = ["watch a run with --trace"]
    if gives_up := _GIVES_UP.search(resolution.undecided):
        asked = _VARIABLE.search(resolution.undecided, gives_up.end())
        steps.append(f"give the script what it asks for (-e {asked[0] if asked else 'NAME'}=VALUE)")
    program = "'PATH ARGS'"
    if resolution.presumed is not None:
        program = shlex.quote(shlex.join(map(os.fsdecode, resolution.presumed.argv)))
    yield Refusal(
        "an entrypoint that can be read",
        "starts a script that cannot be read to its end",
        (Evidence("static", "the entrypoint", resolution.undecided),),
        f"{', '.join(steps)}, or name the program: --program {program}",
    )
