"""How much work one object is worth: what a hostile file can cost is bounded, whatever it looks like."""

from __future__ import annotations

# Steps: instructions that are decoded, states of a search, words and table entries that are looked at. One
# takes one or two microseconds. The go command, with 5 MB of code, needs 3 million.
MAX_STEPS = 1 << 25


class Budget:
    """Steps that are left. Once they are used up, answers may lack something, and so the object counts as
    unknown.
    """

    __slots__ = ("_left",)

    def __init__(self, steps: int = MAX_STEPS) -> None:
        self._left = steps

    def spend(self, steps: int) -> bool:
        """Take `steps` off; False if there are not that many left."""
        self._left -= steps
        return self._left >= 0

    @property
    def exhausted(self) -> bool:
        return self._left < 0
