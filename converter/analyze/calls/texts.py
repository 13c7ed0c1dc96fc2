"""Texts of an object that name paths of the virtual file systems, and whether code that can run gets at them.

A library holds the paths of all that it can do; a program that uses a corner of it opens few of them.
"""

from __future__ import annotations

from typing import TypeAlias

from converter.analyze.calls.extents import DataExtents, Extents, FunctionExtents
from converter.analyze.virtual_paths import virtual_paths
from converter.elf.memory import ElfMemory

MAX_TEXTS = 4096  # of one object; node has 60

# The path, and the functions or data objects that it lies in. Without any it counts whatever is reached.
HeldText: TypeAlias = tuple[bytes, tuple[int, ...]]


class HeldTexts:
    """The texts of one object, by where they lie.

    texts:  all of them
    ranges: data that holds one: to read a word of it is to get at its object
    """

    def __init__(self, memory: ElfMemory, functions: FunctionExtents, objects: DataExtents) -> None:
        self.texts: list[HeldText] = []
        ranges = []
        for offset, path in virtual_paths(memory.data):
            if len(self.texts) == MAX_TEXTS:
                memory.incomplete = True
                break
            at = memory.address(offset)
            if at is None:  # not mapped, but the program may read its own file
                self.texts.append((path, ()))
            elif memory.is_code(at):  # an instruction makes it
                function = functions.containing(at)
                self.texts.append((path, () if function is None else (function[0],)))
            else:
                start = objects.holding(at)
                ranges.append((start, at + len(path)))
                # An object whose address nobody computes is got at in a way that is not known.
                places = (start, *objects.between(at, at + len(path))) if objects.is_computed(start) else ()
                self.texts.append((path, places))
        self.ranges = Extents(ranges)
