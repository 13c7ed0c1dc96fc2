"""All rules, one after the other, and the error that comes of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from converter.analyze.entrypoint import Resolution
from converter.analyze.refusal.frames import shortened
from converter.analyze.refusal.gpu import gpu
from converter.analyze.refusal.io_uring import io_uring
from converter.analyze.refusal.kernel_module import kernel_module
from converter.analyze.refusal.model import Facts, Refusal
from converter.analyze.refusal.processes import processes
from converter.analyze.refusal.undecided import undecided
from converter.errors import IncompatibleImageError
from converter.profile.model import Profile

_LINE_MAX = 1 << 10  # characters of one line
_OVERRIDE = "convert it all the same with --allow-unsupported"
_RULES: tuple[Callable[[Facts], Iterator[Refusal]], ...] = (
    undecided, io_uring, processes, kernel_module, gpu,
)  # fmt: skip


def refusals(
    resolution: Resolution,
    profile: Profile,
    handlers: Iterable[str],
    *,
    forked: int = 0,
    started: Sequence[str] = (),
) -> tuple[Refusal, ...]:
    """What the program needs and is not there, by strong evidence; empty if nothing stands against it.

    handlers: names of the system calls that the library OS implements
    forked:   processes that a run showed the program make of itself
    started:  paths of other programs that a run showed it start
    """
    facts = Facts(resolution, profile, frozenset(handlers), forked, tuple(started))
    return tuple(refusal for rule in _RULES for refusal in rule(facts))


def refusal_error(found: Sequence[Refusal], where: str) -> IncompatibleImageError:
    """The error for what was found, which is not empty; `where` is the program."""
    needs = tuple(dict.fromkeys(each.need for each in found))
    lines = [f"needs {' and '.join(needs)}, which {'is' if len(found) == 1 else 'are'} missing"]
    if len(found) == 1:
        lines = [f"{lines[0]}: it {one_line(found[0].what)}", *evidence_lines(found[0])]
    for each in found if len(found) > 1 else ():
        lines += [f"  {each.need}: it {one_line(each.what)}", *evidence_lines(each)]
    hints = dict.fromkeys((*(each.hint for each in found if each.hint), _OVERRIDE))
    return IncompatibleImageError("\n".join(lines), where=where, hint="; or ".join(hints), needs=needs)


def evidence_lines(refusal: Refusal) -> Iterator[str]:
    """The evidence as lines for people; long ways to a site are cut in the middle."""
    for why in refusal.evidence:
        detail = f": {shortened(why.detail)}" if why.detail else ""
        yield f"    {one_line(why.source + detail)}"


def one_line(text: str) -> str:
    """Names in images may have line breaks, which would look like lines of ours."""
    return text.replace("\n", "\\n")[:_LINE_MAX]
