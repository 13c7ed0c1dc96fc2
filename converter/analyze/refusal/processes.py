"""Programs that are more processes than one as soon as they have started."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from converter.analyze.refusal.certain import certain_call
from converter.analyze.refusal.frames import frames, is_generic, main_frame, passed_to
from converter.analyze.refusal.model import Facts, Refusal
from converter.analyze.refusal.reviewed import reviewed_programs
from converter.profile.model import Evidence, Evidences

_NEED = "more than one process"
_FORK = "fork"
_CLONE_THREAD = 0x10000  # clone(2): the new one is a thread of the same process
_SHOWN = 4  # places of one script
# Functions of the C library that make a process (fork(2), vfork(2), daemon(3), posix_spawn(3) ...).
_MAKERS = frozenset(
    "fork vfork _Fork __fork __libc_fork __vfork daemon posix_spawn posix_spawnp system popen forkpty".split()
)
_NEAR = 6  # functions between main and the site


def processes(facts: Facts) -> Iterator[Refusal]:
    """One refusal at most: by the first kind of evidence that there is, the strongest first."""
    if _FORK in facts.handlers:
        return
    rules: tuple[Callable[[Facts], Refusal | None], ...] = (
        _seen, _left_running, _shell, _known_by_name, _for_certain,
    )  # fmt: skip
    found = next(filter(None, (rule(facts) for rule in rules)), None)
    if found is not None:
        yield found


def _seen(facts: Facts) -> Refusal | None:
    """A run made processes. What evidence of a trace there is in a profile that was given counts as well."""
    profile = facts.profile
    seen = [each for call in ("fork", "vfork") for each in profile.syscalls.get(call, ())]
    for flags, evidence in profile.arguments.get("clone.flags", {}).items():
        if _makes_process(flags):
            seen += evidence
    dynamic = [each for each in seen if each.kind == "dynamic"]
    if facts.forked:
        dynamic.append(Evidence("dynamic", "trace", f"made {facts.forked} processes of itself"))
    dynamic += [Evidence("dynamic", "trace", f"started {path}") for path in facts.started]
    if not dynamic:
        return None
    return Refusal(_NEED, "was seen to make processes", (*sorted(set(dynamic))[:_SHOWN], *_reading(facts)))


def _left_running(facts: Facts) -> Refusal | None:
    """The entrypoint script leaves others running beside the program."""
    places = facts.resolution.background
    if not places:
        return None
    evidence = tuple(Evidence("static", "the entrypoint", place) for place in places[:_SHOWN])
    return Refusal(
        _NEED, "has a script that starts processes in the background", (*evidence, *_reading(facts))
    )


def _shell(facts: Facts) -> Refusal | None:
    """The shell itself is the program, and its script starts others, which takes a process each."""
    resolution = facts.resolution
    if resolution.decided_by != "image" or resolution.undecided is not None or not resolution.forks:
        return None
    evidence = tuple(Evidence("static", "the entrypoint", place) for place in resolution.forks[:_SHOWN])
    what = "is a shell whose script makes processes"
    return Refusal(
        _NEED, what, (*evidence, *_reading(facts)), "name the one program to run: --program 'PATH ARGS'"
    )


def _known_by_name(facts: Facts) -> Refusal | None:
    reviewed = next(reviewed_programs("supervisor", facts), None)
    if reviewed is None:
        return None
    path = Evidence("static", facts.path, f"started as {facts.names[0]}")
    return Refusal(
        _NEED,
        f"is several processes: {reviewed.reason}",
        (path, reviewed.evidence, *_reading(facts)),
        reviewed.hint,
    )


def _for_certain(facts: Facts) -> Refusal | None:
    """The main function makes a process whatever happens.

    That it can is no reason: servers that can put themselves in the background do so if they are told to.
    """
    for why in _forking(facts):
        number = main_frame(why, facts.path)
        if number is None or number > _NEAR:
            continue
        main = frames(why)[number].function
        site = certain_call(facts.resolution.tree, facts.path, main, _MAKERS)
        if site is not None:
            certain = f"{site.caller} at {site.address:#x} calls {site.name}, on each way from {main}"
            return Refusal(
                _NEED, "makes a process whatever happens", (Evidence("static", facts.path, certain), why)
            )
    return None


def _reading(facts: Facts) -> Evidences:
    """Where the code forks, if it was read."""
    why = facts.strongest(_forking(facts))
    return () if why is None else (why,)


def _forking(facts: Facts) -> list[Evidence]:
    """The sites that make a process, and no thread."""
    flags = facts.profile.arguments.get("clone.flags", {})
    forking = filter(_makes_process, flags)
    makers = {passed_to(each) for value in forking for each in flags[value] if each.kind == "static"}
    sites = [each for each in facts.profile.syscalls.get("clone", ()) if frames(each)[0].function in makers]
    sites += [each for call in ("fork", "vfork") for each in facts.profile.syscalls.get(call, ())]
    return [each for each in sites if each.kind == "static" and not is_generic(each)]


def _makes_process(flags: str) -> bool:
    """Whether clone(2) with these flags, a number in the profile, makes a process. Unknown ones may not."""
    return re.fullmatch("[0-9]{1,20}", flags) is not None and not int(flags) & _CLONE_THREAD
