"""The control flow of one x86-64 function, as steps from one call or jump to the next."""

from __future__ import annotations

from iced_x86 import Decoder, FlowControl

from converter.analyze.calls.instructions import Branch, Step
from converter.analyze.calls.x86_64_body import BRANCHES
from converter.elf.memory import ElfMemory

MAX_STEPS = 1 << 12
MAX_BYTES = 1 << 17  # of code that is read for one function
MAX_STEP = 1 << 12  # bytes of one step; what is longer counts as an end

_CALLS = frozenset({FlowControl.CALL, FlowControl.INDIRECT_CALL})
_END = Step(None, ())


def steps(memory: ElfMemory, start: int) -> dict[int, Step]:
    """Architecture.steps."""
    found: dict[int, Step] = {}
    todo, left = [start], MAX_BYTES
    while todo:
        at = todo.pop()
        if at in found:
            continue
        size, found[at] = _step(memory, at, left) if memory.is_code(at) else (0, _END)
        left -= size
        if left <= 0 or len(found) > MAX_STEPS:
            return {}
        todo += found[at].following
    return found


def _step(memory: ElfMemory, start: int, limit: int) -> tuple[int, Step]:
    """How many bytes of code the step at `start` is, and the step."""
    size = 0
    for ins in Decoder(64, memory.view(start, min(limit, MAX_STEP)), ip=start):
        size = ins.next_ip - start
        flow = ins.flow_control
        if flow == FlowControl.NEXT:
            continue
        target = ins.near_branch_target if ins.op_count and ins.op0_kind in BRANCHES else None
        if flow in _CALLS:
            slot = ins.ip_rel_memory_address if ins.is_ip_rel_memory_operand else None
            return size, Step(Branch(ins.ip, True, target, slot), (ins.next_ip,))
        if target is not None and flow == FlowControl.UNCONDITIONAL_BRANCH:
            return size, Step(None, (target,))
        if target is not None and flow == FlowControl.CONDITIONAL_BRANCH:
            return size, Step(None, (ins.next_ip, target))
        break
    return size, _END
