"""One x86-64 function, decoded: its instructions, and which of them can follow which."""

from __future__ import annotations

from iced_x86 import Code as Opcode
from iced_x86 import (
    Decoder,
    FlowControl,
    Instruction,
    InstructionInfoFactory,
    Mnemonic,
    OpAccess,
    OpKind,
    RegisterExt,
)

from converter.analyze.calls.budget import Budget
from converter.analyze.calls.instructions import Branch
from converter.elf.memory import ElfMemory

BRANCHES = frozenset({OpKind.NEAR_BRANCH64, OpKind.NEAR_BRANCH32, OpKind.NEAR_BRANCH16})
# Nothing that lies behind these is run after them.
STOPS = frozenset(
    {
        FlowControl.UNCONDITIONAL_BRANCH,
        FlowControl.INDIRECT_BRANCH,
        FlowControl.RETURN,
        FlowControl.EXCEPTION,
    }
)
_JUMPS = frozenset({FlowControl.UNCONDITIONAL_BRANCH, FlowControl.CONDITIONAL_BRANCH})
_READS = frozenset({OpAccess.READ, OpAccess.COND_READ, OpAccess.READ_WRITE, OpAccess.READ_COND_WRITE})
_WRITES = frozenset({OpAccess.WRITE, OpAccess.COND_WRITE, OpAccess.READ_WRITE, OpAccess.READ_COND_WRITE})
_MAX_CALLEE = 512  # bytes of a called function that are looked at
_MAX_CALLEES = 3  # calls within calls
_PADDING = frozenset({Mnemonic.NOP, Mnemonic.INT3, Mnemonic.UD2})


class Body:
    """The instructions of one function (a hot part and its cold ones) with their predecessors."""

    def __init__(self, memory: ElfMemory, ranges: tuple[tuple[int, int], ...], budget: Budget) -> None:
        self.budget = budget
        self.code: list[Instruction] = []
        for start, end in ranges:
            self.code += Decoder(64, memory.view(start, end - start), ip=start)
        self._index = {ins.ip: at for at, ins in enumerate(self.code)}
        self._entry = self._index.get(ranges[0][0], 0)
        self._info = InstructionInfoFactory()
        self._written: dict[int, frozenset[int]] = {}
        self._memory = memory
        self._kept_by: dict[tuple[int, int], bool] = {}
        self._before: list[list[int]] = [[] for _ in self.code]
        self._after: list[list[int]] | None = None
        self._indirect: list[int] = []
        self._connect()
        self._join_switches()

    def _join_switches(self) -> None:
        """What nothing leads to is a case of a switch: all computed jumps lead there, through one common
        point.
        """
        self._switch = len(self.code)
        for at, before in enumerate(self._before):
            if not before and at != self._entry and self.code[at].mnemonic not in _PADDING:
                before.append(self._switch)
        self._before.append(self._indirect)

    def _connect(self) -> None:
        """Where each instruction can go on."""
        before, index = self._before, self._index
        for at, ins in enumerate(self.code):
            flow = ins.flow_control
            if flow:
                if flow in _JUMPS and ins.op0_kind in BRANCHES:
                    target = index.get(ins.near_branch_target)
                    if target is not None:
                        before[target].append(at)
                elif flow == FlowControl.INDIRECT_BRANCH:
                    self._indirect.append(at)
                if flow in STOPS:
                    continue
            elif ins.code == Opcode.HLT:
                continue
            following = index.get(ins.next_ip)
            if following is not None:
                before[following].append(at)

    def branches(self) -> list[Branch]:
        """Slicer.branches."""
        found = []
        for ins in self.code:
            flow = ins.flow_control
            if not flow or not ins.op_count:
                continue
            is_call = flow in (FlowControl.CALL, FlowControl.INDIRECT_CALL)
            if ins.op0_kind in BRANCHES:
                found.append(Branch(ins.ip, is_call, ins.near_branch_target, None))
            elif ins.is_ip_rel_memory_operand:
                found.append(Branch(ins.ip, is_call, None, ins.ip_rel_memory_address))
        return found

    def writes(self, at: int) -> frozenset[int]:
        """Registers (64-bit) that instruction number `at` changes, as a whole or in part."""
        found = self._written.get(at)
        if found is None:
            found = self._written[at] = self._used(at, _WRITES)
        return found

    def reads(self, at: int) -> frozenset[int]:
        """Registers (64-bit) that instruction number `at` reads, as operands or in addresses."""
        return self._used(at, _READS)

    def _used(self, at: int, accesses: frozenset[int]) -> frozenset[int]:
        return frozenset(
            RegisterExt.full_register(used.register)
            for used in self._info.info(self.code[at]).used_registers()
            if used.access in accesses
        )

    def leaves_alone(self, start: int, register: int, depth: int = 0) -> bool:
        """Whether the function at `start` may keep `register` (64-bit): it is not changed up to an end."""
        key = (start, register)
        known = self._kept_by.get(key)
        if known is None:
            self._kept_by[key] = False  # if it calls itself, the rest of it decides
            known = self._kept_by[key] = self._look_for_change(start, register, depth)
        return known

    def _look_for_change(self, start: int, register: int, depth: int) -> bool:
        code = Decoder(64, self._memory.view(start, _MAX_CALLEE), ip=start)
        for ins in code:
            changed = any(
                used.access in _WRITES and RegisterExt.full_register(used.register) == register
                for used in self._info.info(ins).used_registers()
            )
            if changed or not self.budget.spend(1):
                return False
            flow = ins.flow_control
            if flow in (FlowControl.INDIRECT_CALL, FlowControl.INDIRECT_BRANCH):
                return False  # what is not known by its body keeps to the calling convention
            if flow == FlowControl.CALL and not (
                depth < _MAX_CALLEES and self.leaves_alone(ins.near_branch_target, register, depth + 1)
            ):
                return False
            if flow == FlowControl.UNCONDITIONAL_BRANCH and ins.near_branch_target not in range(
                start, start + _MAX_CALLEE
            ):
                return depth < _MAX_CALLEES and self.leaves_alone(ins.near_branch_target, register, depth + 1)
            if flow in STOPS:
                return True
        return True

    def successors(self, at: int) -> list[int]:
        """Numbers of the instructions that can follow; of a computed jump all cases of switches."""
        if self._after is None:
            self._after = [[] for _ in self._before]
            for here, before in enumerate(self._before):
                for previous in before:
                    self._after[previous].append(here)
        found: list[int] = []
        for following in self._after[at]:
            found += self._after[self._switch] if following == self._switch else [following]
        return found
