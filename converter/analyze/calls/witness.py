"""Evidence in words: which function of which object, and who led there."""

from __future__ import annotations

from collections.abc import Sequence

from converter.analyze.calls.reach import Place, Reach
from converter.analyze.calls.summary import Summary
from converter.profile.model import Evidence

MAX_CHAIN = 12  # functions of one chain that are told; the middle of longer ones is left out
_MAX_STEPS = 512  # callers that are gone up


class Witness:
    """Names places. `paths` are the objects' paths in the image."""

    def __init__(self, summaries: Sequence[Summary], paths: Sequence[bytes], reach: Reach) -> None:
        self._summaries = summaries
        self._paths = [path.decode("utf-8", "surrogateescape") for path in paths]
        self._reach = reach

    def path(self, number: int) -> str:
        return self._paths[number]

    def function(self, place: Place) -> str:
        """The name of a function or data object, by its symbol if it has one, else its address."""
        return self._summaries[place[0]].name_at(place[1]) or f"{place[1]:#x}"

    def evidence(self, place: Place, address: int, passed_by: Place | None = None) -> Evidence:
        """Why the site at `address` of the function `place` counts; `passed_by`: where its number comes
        from.
        """
        name = self.function(place)
        at = f"{name}+{address - place[1]:#x} at {address:#x}"
        if passed_by is not None and passed_by != place:
            by = self.function(passed_by)
            at += f", number from {by}" + (
                "" if passed_by[0] == place[0] else f" in {self._paths[passed_by[0]]}"
            )
            return Evidence("static", self._paths[place[0]], at + self._chain(passed_by))
        return Evidence("static", self._paths[place[0]], at + self._chain(place))

    def passing(self, source: Place, place: Place) -> Evidence:
        """`source` passes the value that the function `place` gets."""
        to = "" if source == place else f" to {self.function(place)}"
        return Evidence("static", self._paths[source[0]], self.function(source) + to + self._chain(source))

    def _chain(self, place: Place) -> str:
        chain: list[str] = []
        number = place[0]
        why = self._reach.parents.get(place)
        for _ in range(_MAX_STEPS):
            if why is None:
                break
            if isinstance(why, str):
                chain.append(why)
                break
            file = "" if why[0] == number else self._paths[why[0]].rpartition("/")[2] + ":"
            chain.append(file + self.function(why))
            number = why[0]
            why = self._reach.parents.get(why)
        if len(chain) > MAX_CHAIN:
            chain = [*chain[: MAX_CHAIN // 2], "...", *chain[-MAX_CHAIN // 2 :]]
        return "".join(f" <- {each}" for each in chain)
