"""System calls that can only be rewritten from what stands before them: which instructions that are."""

from __future__ import annotations

from iced_x86 import Decoder, FlowControl, Instruction, Mnemonic

from converter.analyze.calls.x86_64_body import BRANCHES, STOPS
from converter.elf.memory import ElfMemory

_JUMP = 5  # bytes of `jmp rel32`
_SYSCALL = 2
MAX_MOVED = 12  # of the instructions before: what BOOT_SITES can tell
_MAX_BEHIND = 7  # and of the one behind (libos/platform/process/x86_64/site.c)
_MAX_WALK = 1 << 14  # bytes of a function that are followed
_MOVED = frozenset({Mnemonic.MOV, Mnemonic.LEA, Mnemonic.CMP, Mnemonic.TEST, Mnemonic.XOR, Mnemonic.MOVSXD})


def moved_before(memory: ElfMemory, start: int, end: int, site: int, *, whole: bool) -> int:
    """Bytes of the instructions before the `syscall` at `site`, of which the first has room for a jump.

    0: there are none, or they are not needed, since the instruction behind can be taken.

    The function is [start, end): read from end to end if it is known to be `whole`, else along its control
    flow. Nothing of it leads into the middle of the first instruction; to the others anybody may go.
    """
    if not start <= site < end or (behind := _decode(memory, site + _SYSCALL)) is None:
        return 0
    if _JUMP - _SYSCALL <= behind.len <= _MAX_BEHIND and _stays(behind):
        return 0
    read = _sweep(memory, start, end) if whole else _walk(memory, start, end)
    at = site
    while at in read:
        before = [ins for ins in read.values() if ins.next_ip == at]
        if len(before) != 1 or not _stays(before[0]) or site - before[0].ip > MAX_MOVED:
            return 0
        at = before[0].ip
        if before[0].len >= _JUMP:
            inside = range(at + 1, before[0].next_ip)
            return 0 if any(each in read or each in _targets(read) for each in inside) else site - at
    return 0


def _targets(read: dict[int, Instruction]) -> set[int]:
    return {ins.near_branch_target for ins in read.values() if ins.op_count and ins.op0_kind in BRANCHES}


def _stays(ins: Instruction) -> bool:
    """Whether it does the same wherever it is."""
    return ins.mnemonic in _MOVED and not ins.flow_control and not ins.is_ip_rel_memory_operand


def _decode(memory: ElfMemory, at: int) -> Instruction | None:
    return next(iter(Decoder(64, memory.view(at, 16), ip=at)), None)


def _sweep(memory: ElfMemory, start: int, end: int) -> dict[int, Instruction]:
    return {ins.ip: ins for ins in Decoder(64, memory.view(start, min(end - start, _MAX_WALK)), ip=start)}


def _walk(memory: ElfMemory, start: int, end: int) -> dict[int, Instruction]:
    found: dict[int, Instruction] = {}
    data = memory.view(start, min(end - start, _MAX_WALK))
    decoder = Decoder(64, data, ip=start)
    todo = [start]
    while todo:
        at = todo.pop()
        if at in found or not start <= at < start + len(data):
            continue
        decoder.position = at - start
        decoder.ip = at
        for ins in decoder:
            if ins.ip in found:
                break
            found[ins.ip] = ins
            flow = ins.flow_control
            if flow and flow != FlowControl.CALL and ins.op_count and ins.op0_kind in BRANCHES:
                todo.append(ins.near_branch_target)
            if flow in STOPS:
                break
    return found
