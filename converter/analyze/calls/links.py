"""What a reference in one object leads to: a call target, a computed address, or a word that the loader
fills.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import NamedTuple, TypeAlias

from converter.analyze.calls.extents import DataExtents, Extents, FunctionExtents
from converter.analyze.calls.instructions import Architecture, Code
from converter.elf.memory import ElfMemory
from converter.elf.relocations import Relocations

# Kinds of references; the fields of Node in this order.
CALL, TAKEN, DATA, IMPORT, LOADED, COPIED, NOTHING = range(7)

Link: TypeAlias = tuple[int, int]  # kind; address of a function or data object, or index of a symbol

_NOWHERE: Link = (NOTHING, 0)
_OWN = (CALL, DATA)


class Node(NamedTuple):
    """What a function or data object refers to.

    calls:   functions that it calls or jumps to         taken:  functions whose address it takes
    data:    data objects                                imports: dynamic symbols that it calls (indices)
    loaded:  dynamic symbols whose address it loads      copied: symbols whose contents are copied into it
    sites:   its system call instructions                foreign: those of other interfaces, with their name
    """

    calls: tuple[int, ...] = ()
    taken: tuple[int, ...] = ()
    data: tuple[int, ...] = ()
    imports: tuple[int, ...] = ()
    loaded: tuple[int, ...] = ()
    copied: tuple[int, ...] = ()
    sites: tuple[int, ...] = ()
    foreign: tuple[tuple[int, str], ...] = ()


NO_REFERENCES = Node()


class Links:
    """References of one object; what an address means is looked up once."""

    def __init__(
        self,
        memory: ElfMemory,
        architecture: Architecture,
        relocations: Relocations,
        functions: FunctionExtents,
        objects: DataExtents,
        loader_tables: Extents,
        texts: Extents,
    ) -> None:
        self._memory = memory
        self._architecture = architecture
        self._relocations = relocations
        self._functions = functions
        self._objects = objects
        self._loader_tables = loader_tables
        self._texts = texts
        self._absolute = memory.elf.type == "EXEC"
        self._called: dict[int, Link] = {}
        self._computed: dict[int, Link] = {}

    def called(self, target: int) -> Link:
        """Code calls or jumps to `target`."""
        found = self._called.get(target)
        if found is None:
            found = self._called[target] = self._find_called(target)
        return found

    def computed(self, address: int) -> Link:
        """The address of code or data becomes known to the program."""
        found = self._computed.get(address)
        if found is None:
            found = self._computed[address] = self._find_computed(address)
        return found

    def read(self, slot: int, *, called: bool = False) -> Link:
        """The word at `slot` is read, or what it points to is called: what the loader put there counts."""
        found = self._relocations
        if slot in found.relative:
            return self.computed(found.relative[slot])
        if slot in found.symbolic:
            return (IMPORT if called else LOADED), found.symbolic[slot][0]
        if slot in found.irelative:
            return TAKEN, self.function_at(found.irelative[slot])
        if slot in found.copies:
            return COPIED, found.copies[slot]
        if self._texts.containing(slot) is not None:  # a text that is copied word by word
            return DATA, self._objects.holding(slot)
        return self._find_word(slot) if self._absolute else _NOWHERE

    def function_at(self, address: int) -> int:
        """The function that code at `address` belongs to, by its start."""
        if self._functions.begins(address):
            return address
        found = self._functions.containing(address)
        return found[0] if found else address

    def _find_called(self, target: int) -> Link:
        if not self._memory.is_code(target):
            return _NOWHERE
        slot = self._architecture.stub_slot(self._memory, target)
        if slot is not None and (self._filled(slot) or not self._functions.is_start(target)):
            return self.read(slot, called=True)
        return CALL, self.function_at(target)

    def _filled(self, slot: int) -> bool:
        found = self._relocations
        return slot in found.symbolic or slot in found.irelative or slot in found.relative

    def _find_computed(self, address: int) -> Link:
        if not self._memory.is_code(address):
            inside = self._memory.start <= address < self._memory.end
            return (DATA, self._objects.containing(address)[0]) if inside else _NOWHERE
        slot = self._architecture.stub_slot(self._memory, address)
        if slot is not None and self._filled(slot):
            return self.read(slot)
        return TAKEN, self.function_at(address)

    def _find_word(self, slot: int) -> Link:
        """In programs at fixed addresses, any word that looks like the address of a function or of data is
        one. A number that happens to lie in the headers must not lead through them to all that is imported.
        """
        value = self._memory.word(slot)
        if value is None or not self._memory.start <= value < self._memory.end:
            return _NOWHERE
        if self._loader_tables.containing(slot):
            return _NOWHERE
        if not self._memory.is_code(value):
            return DATA, self._objects.containing(value)[0]
        if self._functions.is_start(value) or self._functions.containing(value) is None:
            return TAKEN, self.function_at(value)
        return _NOWHERE


def node_of(links: AbstractSet[Link], own: int, code: Code | None = None) -> Node:
    """The node of the function or data object at `own`, which need not refer to itself."""
    kinds: tuple[list[int], ...] = ([], [], [], [], [], [])
    for kind, value in links:  # no link comes twice
        if kind != NOTHING and not (value == own and kind in _OWN):
            kinds[kind].append(value)
    references = [tuple(sorted(kind)) if kind else () for kind in kinds]
    sites, foreign = (tuple(sorted(code.sites)), tuple(sorted(code.foreign))) if code else ((), ())
    return Node._make((*references, sites, foreign))
