"""Programs that load modules into a Linux kernel, of which there is none."""

from __future__ import annotations

from collections.abc import Iterator

from converter.analyze.entrypoint.shell.processes import SHELLS
from converter.analyze.refusal.frames import belongs_to
from converter.analyze.refusal.model import Facts, Refusal
from converter.analyze.refusal.reviewed import is_reviewed, reviewed_programs
from converter.profile.model import Evidence

_NEED = "kernel modules"
_CALLS = ("init_module", "finit_module", "delete_module")  # init_module(2), delete_module(2)
_LOADER = "module loader"


def kernel_module(facts: Facts) -> Iterator[Refusal]:
    """The program's own code loads modules, or the script that starts it has others do so."""
    if facts.handlers.issuperset(_CALLS):
        return
    found = _by_name(facts) or _own_code(facts) or _by_script(facts)
    if found is not None:
        yield found


def _by_name(facts: Facts) -> Refusal | None:
    reviewed = next(reviewed_programs(_LOADER, facts), None)
    if reviewed is None:
        return None
    why = facts.why(*_CALLS)
    return Refusal(_NEED, f"loads modules: {reviewed.reason}", (*([why] if why else []), reviewed.evidence))


def _own_code(facts: Facts) -> Refusal | None:
    """Not that of a library, nor of a file with many programs in it, of which this is another."""
    if facts.multi_call or SHELLS.keys() & set(facts.names):
        return None
    sites = [each for call in _CALLS for each in facts.profile.syscalls.get(call, ())]
    own = facts.strongest(each for each in sites if belongs_to(each, facts.path) or each.kind == "dynamic")
    return None if own is None else Refusal(_NEED, "loads modules into the kernel", (own,))


def _by_script(facts: Facts) -> Refusal | None:
    """A script that a run has shown to come to its program can do without."""
    if facts.resolution.decided_by == "trace":
        return None
    places = [each for each in facts.resolution.runs if is_reviewed(_LOADER, each.name)]
    evidence = tuple(
        Evidence("static", "the entrypoint", f"{each.place}: runs {each.name}") for each in places[:4]
    )
    return Refusal(_NEED, "is started by a script that loads them", evidence) if evidence else None
