"""How much work one object is worth: what a hostile file can cost is bounded, whatever it looks like."""

from __future__ import annotations

# Steps: instructions that are decoded, states of a search, words and table entries that are looked at. One
# takes one or two microseconds. node, with 40 MB of code in 80 000 functions, needs 15 million.
MAX_STEPS = 1 << 25
MAX_PROGRAM_STEPS = 1 << 26  # of all objects of a program, together

FUNCTION, BODY, QUERY = 32, 64, 32  # what a function costs to read, to decode, to be asked about, at least


class Budget:
    """Steps that are left, of those of `whole`. Once they are used up, answers may lack something, and so the
    object counts as unknown.
    """

    __slots__ = ("_left", "_whole")

    def __init__(self, steps: int = MAX_STEPS, whole: Budget | None = None) -> None:
        self._left = steps
        self._whole = whole

    def spend(self, steps: int) -> bool:
        """Take `steps` off; False if there are not that many left."""
        if self._left < 0:
            return False
        self._left -= steps
        if self._whole is not None and not self._whole.spend(steps):
            self._left = -1
        return self._left >= 0

    @property
    def exhausted(self) -> bool:
        return self._left < 0
