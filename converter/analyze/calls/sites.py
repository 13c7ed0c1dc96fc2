"""System call sites that can run: their numbers, and what stays unresolved."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

from converter.analyze.calls.origins import Origins
from converter.analyze.calls.reach import Place, Reach
from converter.analyze.calls.reviewed import CODE_BEFORE, reviewed
from converter.analyze.calls.summary import Summary
from converter.analyze.calls.witness import Witness
from converter.libos import syscall_table
from converter.profile.model import Evidence, Evidences, Unresolved

MAX_EVIDENCE = 4  # sites that are told for one call
_MAX_UNRESOLVED = 256  # that are told, of the first
_MAX_REVIEWED = 4096
_MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}

# Calls that the kernel resumes by restart_syscall(2) after a signal or a stop (that page, "EINTR"-less
# restarts).
_RESTARTED = ("poll", "nanosleep", "clock_nanosleep", "futex")


class Site(NamedTuple):
    """A system call instruction, with one number that it can have."""

    name: str
    place: Place
    address: int
    passed_by: Place


class Sites:
    """All sites of a program's reachable code."""

    def __init__(
        self, summaries: Sequence[Summary], reach: Reach, origins: Origins, witness: Witness
    ) -> None:
        self._summaries = summaries
        self._witness = witness
        self.found: list[Site] = []
        self._unresolved: list[Unresolved] = []
        self._rules: dict[str, Evidence] = {}
        for place in sorted(at for at, node in reach.nodes.items() if node.sites or node.foreign):
            node = reach.nodes[place]
            for address, instruction in node.foreign:
                self._unknown(place, address, f"{instruction}: a system call by the 32-bit interface")
            for address in node.sites:
                self._resolve(place, address, origins)
        for number, summary in enumerate(summaries):
            if summary.exhausted:
                self._unknown((number, 0), 0, "the object is too large or too involved to be read as a whole")

    def _resolve(self, place: Place, address: int, origins: Origins) -> None:
        summary = self._summaries[place[0]]
        names = _names(summary.machine)
        origin = origins.at(place, address, summary.number_register())
        if not origin:
            return  # no call leads here
        for value, source in origin.items():
            if isinstance(value, int):
                number = value & 0xFFFFFFFF
                if number in names:
                    self.found.append(Site(names[number], place, address, source))
                else:
                    self._unknown(place, address, f"there is no system call {number}")
            else:
                self._review(place, address, summary, source)

    def _review(self, place: Place, address: int, summary: Summary, source: Place) -> None:
        if len(self._unresolved) >= _MAX_REVIEWED:
            return
        end = address + 2
        code = summary.code_before(end, CODE_BEFORE)
        rule = reviewed(summary.name, code, self._witness.function(source))
        if rule is None:
            by = "" if source == place else f" that {self._witness.function(source)} passes"
            self._unknown(place, address, f"the number{by} could not be told")
            return
        for name in rule.calls:
            self._rules.setdefault(name, Evidence("rule", self._witness.path(place[0]), rule.reason))

    def _unknown(self, place: Place, address: int, reason: str) -> None:
        path, function = self._witness.path(place[0]), self._witness.function(place)
        self._unresolved.append(Unresolved(path, address, function, "system call number", reason))

    def syscalls(self) -> dict[str, Evidences]:
        """Name -> evidence, for all calls that can be made."""
        found: dict[str, list[Evidence]] = {}
        for site in self.found:
            evidence = found.setdefault(site.name, [])
            if len(evidence) < MAX_EVIDENCE:
                evidence.append(self._witness.evidence(site.place, site.address, site.passed_by))
        for name, rule in self._rules.items():
            found.setdefault(name, [rule])
        restarted = [name for name in _RESTARTED if name in found]
        if restarted:
            why = f"the kernel resumes {', '.join(restarted)} with it after a stop"
            found["restart_syscall"] = [Evidence("rule", "restart_syscall(2)", why)]
        return {name: tuple(evidence) for name, evidence in sorted(found.items())}

    def unresolved(self) -> tuple[Unresolved, ...]:
        """At most _MAX_UNRESOLVED of them: they are for people, one is enough to link all calls."""
        return tuple(sorted(set(self._unresolved)))[:_MAX_UNRESOLVED]


@cache
def _names(machine: str) -> dict[int, str]:
    """System calls by their numbers."""
    return {number: name for name, number in syscall_table(_MACHINES[machine]).items()}
