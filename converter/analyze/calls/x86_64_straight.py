"""The calls that x86-64 code makes before it can go two ways."""

from __future__ import annotations

from iced_x86 import Decoder, FlowControl, OpKind

from converter.analyze.calls.instructions import Branch
from converter.elf.memory import ElfMemory

MAX_INSTRUCTIONS = 4096  # on one way
_WINDOW = 1 << 12  # bytes that are decoded at once
_BRANCHES = frozenset({OpKind.NEAR_BRANCH64, OpKind.NEAR_BRANCH32, OpKind.NEAR_BRANCH16})
_CALLS = frozenset({FlowControl.CALL, FlowControl.INDIRECT_CALL})


def straight(memory: ElfMemory, start: int) -> list[Branch]:
    """Architecture.straight."""
    found: list[Branch] = []
    left, seen = MAX_INSTRUCTIONS, set[int]()
    at: int | None = start
    while at is not None and at not in seen and memory.is_code(at):
        seen.add(at)
        following = None
        for ins in Decoder(64, memory.view(at, _WINDOW), ip=at):
            left -= 1
            flow = ins.flow_control
            if left < 0 or ins.is_invalid:
                return found
            if flow == FlowControl.NEXT:
                following = ins.next_ip
                continue
            direct = bool(ins.op_count) and ins.op0_kind in _BRANCHES
            if flow in _CALLS:
                if direct:
                    found.append(Branch(ins.ip, True, ins.near_branch_target, None))
                elif ins.is_ip_rel_memory_operand:
                    found.append(Branch(ins.ip, True, None, ins.ip_rel_memory_address))
                following = ins.next_ip
                continue
            following = (
                ins.near_branch_target if direct and flow == FlowControl.UNCONDITIONAL_BRANCH else None
            )
            break
        at = following
    return found
