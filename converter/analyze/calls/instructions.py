"""What the analysis wants to know of code, whatever the architecture; x86_64.py says it for x86-64."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol, TypeAlias

from converter.analyze.calls.budget import Budget
from converter.elf.memory import ElfMemory

# A value that a register can have: a number, an address of the object ("a", address), the word at an address
# of it ("m", address), what a register ("p", register) or a stack word ("s", offset) held when the function
# was entered, or None: anything.
Value: TypeAlias = "int | tuple[str, int] | None"


@dataclass(slots=True, init=False)
class Code:
    """What one function does, from its instructions. All addresses are of the object.

    calls, jumps: targets of direct calls, and of direct jumps that leave the function
    addresses:    addresses that are computed, of code or data
    reads:        words (8-byte) that are read at a fixed address
    stores:       words that are written at a fixed address
    slots:        words that hold the target of a call or jump
    sites:        instructions that make a system call
    foreign:      (address, instruction) of system calls by another interface: int 0x80, sysenter
    indirect:     there is a jump to a computed address
    broken:       some bytes are no instructions
    falls:        the last instruction is followed by what lies behind it
    end:          behind the last instruction that was read
    """

    calls: set[int]
    jumps: set[int]
    addresses: set[int]
    reads: set[int]
    stores: set[int]
    slots: set[int]
    sites: list[int]
    foreign: list[tuple[int, str]]
    indirect: bool
    broken: bool
    falls: bool
    end: int

    # By hand: there is one for every function, and what dataclass makes of default factories is slow.
    def __init__(self, end: int = 0) -> None:
        self.calls, self.jumps, self.addresses = set(), set(), set()
        self.reads, self.stores, self.slots = set(), set(), set()
        self.sites, self.foreign = [], []
        self.indirect = self.broken = self.falls = False
        self.end = end


class Branch(NamedTuple):
    """A direct call or jump, or one to where a word at a fixed address points (`slot`)."""

    address: int
    is_call: bool
    target: int | None
    slot: int | None


class Step(NamedTuple):
    """Instructions up to a call or jump, that one included.

    call:      the call that ends it, if one does
    following: where it goes on; nowhere after a return, and where nothing tells
    """

    call: Branch | None
    following: tuple[int, ...]


class Slicer(Protocol):
    """One function, for questions about the values of its registers."""

    def values(self, at: int, register: int) -> frozenset[Value]:
        """What `register` can hold before the instruction at the address `at`."""

    def stack_values(self, at: int, offset: int) -> frozenset[Value]:
        """What the stack word `offset` bytes above the stack pointer can hold before the instruction at
        `at`.
        """

    def pointer_calls(
        self, addresses: frozenset[int], slots: frozenset[int]
    ) -> list[tuple[int, bool]] | None:
        """Where the function calls (True) or jumps to what it computed as one of `addresses`, or read from
        `slots`.

        None: the pointer goes elsewhere too.
        """

    def branches(self) -> list[Branch]:
        """All calls and jumps whose target the instruction itself tells."""


class Architecture(Protocol):
    """One instruction set. Ranges are [start, end)."""

    NUMBER_REGISTER: int  # holds the number of a system call
    ARGUMENT_REGISTERS: tuple[int, ...]  # of a system call, in order
    PARAMETER_REGISTERS: tuple[int, ...]  # of a C function, in order

    def sweep(self, memory: ElfMemory, start: int, end: int) -> Code:
        """Read every instruction of a range that is known to be one function."""

    def explore(self, memory: ElfMemory, start: int, end: int, also: tuple[int, ...] = ()) -> Code:
        """Follow the control flow from `start` and `also`; the rest is not read (it may be data)."""

    def steps(self, memory: ElfMemory, start: int) -> dict[int, Step]:
        """The control flow from `start` on, by the address of each step; empty if there is too much of it."""

    def stub_slot(self, memory: ElfMemory, address: int) -> int | None:
        """If the code at `address` only jumps to where a word points (a PLT entry): that word's address."""

    def address_pattern(self, memory: ElfMemory) -> set[int]:
        """All addresses that instructions anywhere in the object compute, and a few that none does: cheap."""

    def moved_before(self, memory: ElfMemory, start: int, end: int, site: int, *, whole: bool) -> int:
        """For rewriting the system call at `site`: bytes of the instructions before it, from one on in whose
        place a jump can stand. 0: none.

        The function is [start, end), `whole` if it is known to be code from end to end.
        """

    def slicer(self, memory: ElfMemory, body: tuple[tuple[int, int], ...], budget: Budget) -> Slicer:
        """The function made of the ranges `body`, of which the first begins with its entry."""
