"""Backward slicing of a register in one x86-64 function: which values can it hold before an instruction?

The slice follows copies, spills to the stack, constants and simple arithmetic, over all predecessors. What it
cannot follow makes the answer contain None. Registers that the psABI lets a call destroy have no value
after it, so paths on which they would be used come from calls that do not return, and add nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from iced_x86 import Code as Opcode
from iced_x86 import FlowControl, Instruction, MemorySizeExt, Mnemonic, OpKind, Register, RegisterExt

from converter.analyze.calls.budget import QUERY
from converter.analyze.calls.instructions import Value
from converter.analyze.calls.x86_64_body import BRANCHES, Body

MAX_STATES = 5_000  # (instruction, place) pairs that one query may look at
MAX_VALUES = 64
_MAX_NESTED = 48  # computations upon computations
_MASK32, _MASK64 = 0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF

# A place whose value is asked for: a 64-bit register, or the stack word at (base register, displacement).
Place: TypeAlias = "int | tuple[int, int]"

_CALLER_SAVED = frozenset(
    {
        Register.RAX,
        Register.RCX,
        Register.RDX,
        Register.RSI,
        Register.RDI,
        Register.R8,
        Register.R9,
        Register.R10,
        Register.R11,
    }
)
_RETURNED = frozenset({Register.RAX, Register.RDX})
_IMMEDIATES = frozenset(
    {
        OpKind.IMMEDIATE8,
        OpKind.IMMEDIATE16,
        OpKind.IMMEDIATE32,
        OpKind.IMMEDIATE64,
        OpKind.IMMEDIATE8TO16,
        OpKind.IMMEDIATE8TO32,
        OpKind.IMMEDIATE8TO64,
        OpKind.IMMEDIATE32TO64,
    }
)
_HIGH_BYTES = frozenset({Register.AH, Register.BH, Register.CH, Register.DH})
_COPIES = frozenset({Mnemonic.MOV, Mnemonic.MOVZX, Mnemonic.MOVSX, Mnemonic.MOVSXD})
_CMOV = frozenset(value for name, value in vars(Mnemonic).items() if name.startswith("CMOV"))
_SET = frozenset(
    value
    for name, value in vars(Mnemonic).items()
    if name.startswith("SET") and not name.startswith(("SETSS", "SETSSBSY"))
)
_ARITHMETIC: dict[int, Callable[[int, int], int]] = {
    Mnemonic.ADD: lambda left, right: left + right,
    Mnemonic.SUB: lambda left, right: left - right,
    Mnemonic.AND: lambda left, right: left & right,
    Mnemonic.OR: lambda left, right: left | right,
    Mnemonic.XOR: lambda left, right: left ^ right,
    Mnemonic.SHL: lambda left, right: left << (right & 63),
    Mnemonic.SHR: lambda left, right: left >> (right & 63),
}
_UNARY: dict[int, Callable[[int], int]] = {
    Mnemonic.NEG: lambda value: -value,
    Mnemonic.NOT: lambda value: ~value,
    Mnemonic.INC: lambda value: value + 1,
    Mnemonic.DEC: lambda value: value - 1,
}


@dataclass(slots=True)
class _Step:
    """What one instruction does to a place: after it, its value is one of `values`, or what one of `places`
    was before it, or `compute` of what `operand` was before it."""

    values: tuple[Value, ...] = ()
    places: tuple[Place, ...] = ()
    compute: Callable[[int], int] | None = None
    operand: Place | None = None


_UNKNOWN = _Step(values=(None,))
_NOTHING = _Step()


class ValueBody(Body):
    """A function whose registers and stack words can be asked for."""

    def values(self, at: int, register: int) -> frozenset[Value]:
        """Slicer.values."""
        return self._query(at, register)

    def stack_values(self, at: int, offset: int) -> frozenset[Value]:
        """Slicer.stack_values."""
        return self._query(at, (Register.RSP, offset))

    def _query(self, at: int, place: Place) -> frozenset[Value]:
        index = self._index.get(at)
        if index is None or not self.budget.spend(QUERY):
            return frozenset({None})
        return frozenset(self._solve(index, place, frozenset(), [MAX_STATES], _MAX_NESTED))

    def _solve(
        self,
        index: int,
        place: Place,
        active: frozenset[tuple[int, Place]],
        states: list[int],
        nested: int,
    ) -> set[Value]:
        """Values of `place` before instruction number `index`; the search ends where one is None.

        active: what queries further out look for: to meet it means a loop with arithmetic in it
        states, nested: how many more states and queries in queries there may be
        """
        found: set[Value] = set()
        todo = [(index, place)]
        seen = set(todo)
        while todo:
            state = todo.pop()
            states[0] -= 1
            if state in active or states[0] < 0 or len(found) > MAX_VALUES or None in found:
                return {None, *found}
            at, where = self._block_start(*state)
            if not self.budget.spend(4 + state[0] - at + len(self._before[at])):
                return {None}
            if at == self._entry:
                found.add(_at_entry(where))
            elif at == self._switch and not self._indirect:
                found.add(None)
            for previous in self._before[at]:
                equal = self._compared(previous, at, where)
                if equal is not None:
                    found.add(equal)
                    continue
                step = self._step(previous, where)
                found.update(step.values)
                if step.operand is not None and step.compute is not None:
                    if not nested:
                        return {None}
                    inner = self._solve(previous, step.operand, active | seen, states, nested - 1)
                    found.update(_computed(inner, step.compute))
                for other in step.places:
                    following = (previous, other)
                    if following not in seen:
                        seen.add(following)
                        todo.append(following)
        return found

    def _compared(self, branch: int, at: int, place: Place) -> int | None:
        """The value of a register where a branch leads to `at` only if it is equal to a constant."""
        if branch == self._switch or not isinstance(place, int) or branch == 0:
            return None
        ins, test = self.code[branch], self.code[branch - 1]
        if ins.mnemonic not in (Mnemonic.JE, Mnemonic.JNE) or self._before[branch] != [branch - 1]:
            return None
        taken = self._index.get(ins.near_branch_target) == at
        if taken == (at == branch + 1) or taken != (ins.mnemonic == Mnemonic.JE):
            return None
        if test.op_count != 2 or test.op0_kind != OpKind.REGISTER or RegisterExt.size(test.op0_register) < 4:
            return None
        if RegisterExt.full_register(test.op0_register) != place:
            return None
        if test.mnemonic == Mnemonic.CMP and test.op1_kind in _IMMEDIATES:
            return int(test.immediate(1))
        same = test.op1_kind == OpKind.REGISTER and test.op1_register == test.op0_register
        return 0 if test.mnemonic == Mnemonic.TEST and same else None

    def _block_start(self, at: int, place: Place) -> tuple[int, Place]:
        """Back to the first instruction of the block, or to behind the one that changes `place`."""
        if isinstance(place, tuple):
            return at, place
        while at != self._entry and at != self._switch and self._before[at] == [at - 1]:
            ins = self.code[at - 1]
            if ins.flow_control or place in self.writes(at - 1):
                break
            at -= 1
        return at, place

    def _step(self, at: int, place: Place) -> _Step:
        if at == self._switch:
            return _Step(places=(place,))
        ins = self.code[at]
        if isinstance(place, tuple):
            return self._step_stack(ins, *place)
        if place not in self.writes(at):
            flow = ins.flow_control
            if ins.code == Opcode.SYSCALL:
                return _UNKNOWN if place == Register.RAX else _Step(places=(place,))
            if flow in (FlowControl.CALL, FlowControl.INDIRECT_CALL) and place in _CALLER_SAVED:
                return self._after_call(ins, place)
            return _Step(places=(place,))
        return self._step_register(ins, place)

    def _after_call(self, ins: Instruction, place: int) -> _Step:
        """Compilers know which registers a function of the same file leaves alone (gcc's -fipa-ra)."""
        if place in _RETURNED:
            return _UNKNOWN
        if ins.op0_kind in BRANCHES and self.leaves_alone(ins.near_branch_target, place):
            return _Step(places=(place,))
        return _NOTHING

    def _step_register(self, ins: Instruction, place: int) -> _Step:
        mnemonic = ins.mnemonic
        if mnemonic == Mnemonic.POP:
            return _Step(places=((Register.RSP, 0),))
        if ins.op_count == 0 or ins.op0_kind != OpKind.REGISTER:
            return _UNKNOWN
        if RegisterExt.full_register(ins.op0_register) != place:
            return _UNKNOWN
        size = RegisterExt.size(ins.op0_register)
        if mnemonic in _SET:
            return _Step(values=(0, 1))
        if size < 4:
            return self._low_byte(ins, place)
        mask = _MASK32 if size == 4 else _MASK64
        if mnemonic in _COPIES:
            return self._source(ins, 1, mask)
        if mnemonic in _CMOV:
            source = self._source(ins, 1, mask)
            return _Step(source.values, (*source.places, place))
        if mnemonic == Mnemonic.LEA:
            return self._address(ins, mask)
        return self._arithmetic(ins, place, mask)

    def _low_byte(self, ins: Instruction, place: int) -> _Step:
        """A write to a part of the register: `xor %eax, %eax; mov $56, %al` is common in handwritten code."""
        is_low = RegisterExt.size(ins.op0_register) == 1 and ins.op0_register not in _HIGH_BYTES
        if ins.mnemonic != Mnemonic.MOV or not is_low or ins.op1_kind != OpKind.IMMEDIATE8:
            return _UNKNOWN
        low = ins.immediate8
        return _Step(compute=lambda value: value & ~0xFF | low, operand=place)

    def _arithmetic(self, ins: Instruction, place: int, mask: int) -> _Step:
        mnemonic = ins.mnemonic
        unary = _UNARY.get(mnemonic)
        if unary is not None:
            return _Step(compute=lambda value: unary(value) & mask, operand=place)
        if ins.op_count < 2:
            return _UNKNOWN
        if ins.op1_kind == OpKind.REGISTER and ins.op1_register == ins.op0_register:
            if mnemonic in (Mnemonic.XOR, Mnemonic.SUB):
                return _Step(values=(0,))
            if mnemonic == Mnemonic.SBB:
                return _Step(values=(0, mask))
        binary = _ARITHMETIC.get(mnemonic)
        if binary is None or ins.op1_kind not in _IMMEDIATES or ins.op_count > 2:
            return _UNKNOWN
        right = ins.immediate(1) & mask
        if mnemonic == Mnemonic.OR and right == mask:
            return _Step(values=(mask,))
        if mnemonic == Mnemonic.AND and right == 0:
            return _Step(values=(0,))
        return _Step(compute=lambda value: binary(value, right) & mask, operand=place)

    def _source(self, ins: Instruction, operand: int, mask: int) -> _Step:
        kind = ins.op_kind(operand)
        if kind == OpKind.REGISTER:
            register = ins.op_register(operand)
            if RegisterExt.size(register) >= 4:
                return _Step(places=(RegisterExt.full_register(register),))
            full = RegisterExt.full_register(register)
            return _Step(compute=lambda value: value & 0xFF, operand=full)
        if kind in _IMMEDIATES:
            return _Step(values=(ins.immediate(operand) & mask,))
        if kind == OpKind.MEMORY and ins.is_ip_rel_memory_operand:
            wide = MemorySizeExt.size(ins.memory_size) in (4, 8) and ins.mnemonic == Mnemonic.MOV
            return _Step(values=(("m", ins.ip_rel_memory_address),)) if wide else _UNKNOWN
        on_stack = kind == OpKind.MEMORY and ins.memory_base in (Register.RSP, Register.RBP)
        if on_stack and not ins.memory_index and MemorySizeExt.size(ins.memory_size) >= 4:
            return _Step(places=((ins.memory_base, _signed(ins.memory_displacement)),))
        return _UNKNOWN

    def _address(self, ins: Instruction, mask: int) -> _Step:
        if ins.is_ip_rel_memory_operand:
            return _Step(values=(("a", ins.ip_rel_memory_address),))
        base, index = ins.memory_base, ins.memory_index
        offset = _signed(ins.memory_displacement)
        if not base and not index:
            return _Step(values=(offset & mask,))
        if not index and base not in (Register.RSP, Register.RBP):
            return _Step(
                compute=lambda value: (value + offset) & mask, operand=RegisterExt.full_register(base)
            )
        return _UNKNOWN

    def _step_stack(self, ins: Instruction, base: int, offset: int) -> _Step:
        mnemonic = ins.mnemonic
        if base == Register.RSP:
            moved = _stack_motion(ins)
            if moved is None:
                return _UNKNOWN
            if mnemonic == Mnemonic.PUSH and offset == 0:
                return self._source(ins, 0, _MASK64)
            if moved:
                return _Step(places=((base, offset + moved),))
        elif ins.op_count and ins.op0_kind == OpKind.REGISTER and ins.op0_register == base:
            if (
                mnemonic == Mnemonic.MOV
                and ins.op1_kind == OpKind.REGISTER
                and ins.op1_register == Register.RSP
            ):
                return _Step(places=((Register.RSP, offset),))
            if mnemonic not in (Mnemonic.CMP, Mnemonic.TEST, Mnemonic.PUSH):
                return _UNKNOWN
        if not ins.op_count or ins.is_ip_rel_memory_operand:
            return _Step(places=((base, offset),))
        touched = ins.memory_base == base and not ins.memory_index
        if touched and mnemonic == Mnemonic.LEA and _signed(ins.memory_displacement) == offset:
            return _UNKNOWN  # somebody gets the address of the word
        if touched and ins.op0_kind == OpKind.MEMORY and mnemonic not in (Mnemonic.CMP, Mnemonic.TEST):
            at, size = _signed(ins.memory_displacement), MemorySizeExt.size(ins.memory_size)
            if at == offset and mnemonic == Mnemonic.MOV and size >= 4:
                return self._source(ins, 1, _MASK64 if size == 8 else _MASK32)
            if at < offset + 8 and offset < at + size:
                return _UNKNOWN
        return _Step(places=((base, offset),))


def _stack_motion(ins: Instruction) -> int | None:
    """What to add to an rsp-relative offset to go from after to before the instruction; None: untold."""
    mnemonic = ins.mnemonic
    if mnemonic == Mnemonic.PUSH:
        return -8
    if mnemonic == Mnemonic.POP:
        return 8
    if ins.op_count and ins.op0_kind == OpKind.REGISTER and ins.op0_register == Register.RSP:
        if mnemonic in (Mnemonic.ADD, Mnemonic.SUB) and ins.op1_kind in _IMMEDIATES:
            amount = _signed(ins.immediate(1))
            return amount if mnemonic == Mnemonic.ADD else -amount
        if mnemonic == Mnemonic.LEA and ins.memory_base == Register.RSP and not ins.memory_index:
            return _signed(ins.memory_displacement)
        return 0 if mnemonic in (Mnemonic.CMP, Mnemonic.TEST) else None
    return None if mnemonic in (Mnemonic.LEAVE, Mnemonic.ENTER) else 0


def _computed(values: set[Value], compute: Callable[[int], int]) -> Iterator[Value]:
    for value in values:
        yield compute(value) if isinstance(value, int) else None


def _at_entry(place: Place) -> Value:
    if isinstance(place, int):
        return ("p", place)
    base, offset = place
    return ("s", offset) if base == Register.RSP and offset >= 8 else None


def _signed(value: int) -> int:
    return value - (1 << 64) if value >> 63 else value
