"""x86-64 code, read with iced-x86 (Intel SDM volume 2; System V psABI for AMD64)."""

from __future__ import annotations

import re
import struct

from iced_x86 import Code as Opcode
from iced_x86 import Decoder, FlowControl, Instruction, MemorySizeExt, Mnemonic, OpKind, Register

from converter.analyze.calls.budget import Budget
from converter.analyze.calls.instructions import Code, Slicer
from converter.analyze.calls.x86_64_body import BRANCHES, STOPS
from converter.analyze.calls.x86_64_pointers import pointer_calls
from converter.analyze.calls.x86_64_sites import moved_before as moved_before
from converter.analyze.calls.x86_64_steps import steps as steps
from converter.analyze.calls.x86_64_values import ValueBody
from converter.elf.memory import ElfMemory

MAX_INSTRUCTIONS = 1 << 16  # of one function that is followed
MAX_EXPLORED = 1 << 15  # bytes from the start of such a function; what lies behind is taken for another one

_STORES = frozenset(
    {
        Mnemonic.MOV,
        Mnemonic.MOVQ,
        Mnemonic.MOVAPS,
        Mnemonic.MOVUPS,
        Mnemonic.MOVDQA,
        Mnemonic.MOVDQU,
        Mnemonic.MOVLPS,
        Mnemonic.MOVHPS,
        Mnemonic.MOVSD,
    }
)
_COMPARES = frozenset({Mnemonic.CMP, Mnemonic.TEST})
_IMMEDIATES = frozenset({OpKind.IMMEDIATE32, OpKind.IMMEDIATE32TO64, OpKind.IMMEDIATE64})
_SYSCALL, _SYSENTER = Opcode.SYSCALL, Opcode.SYSENTER

_JUMPS = frozenset({FlowControl.CONDITIONAL_BRANCH, FlowControl.UNCONDITIONAL_BRANCH})
_CALL, _NEAR_CALL = FlowControl.CALL, Opcode.CALL_REL32_64
_INDIRECT = frozenset({FlowControl.INDIRECT_BRANCH, FlowControl.INDIRECT_CALL})
_ENDS = STOPS | {FlowControl.INDIRECT_CALL}

# `lea r64, [rip + disp32]`, and in programs at fixed addresses `mov r32, imm32` and `mov r64, imm32`.
# The first without its prefix, which is looked at afterwards: a search for a known first byte is far faster.
_LEA = re.compile(rb"\x8d[\x05\x0d\x15\x1d\x25\x2d\x35\x3d]", re.DOTALL)
_MOVE = re.compile(rb"[\xb8-\xbf]|\x48\xc7[\xc0-\xc7]|\x49\xc7[\xc0-\xc7]", re.DOTALL)
_STUB_STARTS = (b"\xff", b"\xf2", b"\xf3")
_DISPLACEMENT = struct.Struct("<i")


def sweep(memory: ElfMemory, start: int, end: int) -> Code:
    """Architecture.sweep."""
    found = Code(end=end)
    absolute = memory.elf.type == "EXEC"
    low, high = memory.start, memory.end
    ins: Instruction | None = None
    for ins in Decoder(64, memory.view(start, end - start), ip=start):
        flow = ins.flow_control
        if not flow:
            if ins.is_ip_rel_memory_operand:
                _ip_relative(ins, found)
            if absolute:
                _absolute(ins, found, low, high)
        elif flow in _JUMPS:
            if not start < (target := ins.near_branch_target) < end:
                found.jumps.add(target)
        elif flow == _CALL and ins.code == _NEAR_CALL:
            found.calls.add(ins.near_branch_target)
        else:
            _transfer(ins, flow, found)
            if absolute and flow in _INDIRECT:
                _absolute(ins, found, low, high)
    found.falls = ins is not None and _falls(ins)
    return found


def explore(memory: ElfMemory, start: int, end: int, also: tuple[int, ...] = ()) -> Code:
    """Architecture.explore."""
    found = Code()
    data = memory.view(start, min(end - start, MAX_EXPLORED))
    end = start + len(data)
    decoder = Decoder(64, data, ip=start)
    todo, seen = [start, *also], set[int]()
    while todo:
        at = todo.pop()
        if at in seen or len(seen) > MAX_INSTRUCTIONS:
            continue
        if not start <= at < end:
            found.jumps.add(at)
            continue
        decoder.position = at - start
        decoder.ip = at
        todo += _run(memory, decoder, found, seen)
        found.end = max(found.end, decoder.ip)
    found.jumps = {target for target in found.jumps if not start < target < end}
    return found


def _run(memory: ElfMemory, decoder: Decoder, found: Code, seen: set[int]) -> list[int]:
    """Read one run of instructions, until the code ends or was seen; where it goes on is returned."""
    absolute = memory.elf.type == "EXEC"
    low, high = memory.start, memory.end
    following: list[int] = []
    ins: Instruction | None = None
    for ins in decoder:
        if ins.ip in seen:
            return following
        seen.add(ins.ip)
        flow = ins.flow_control
        if not flow and ins.is_ip_rel_memory_operand:
            _ip_relative(ins, found)
        if absolute and (not flow or flow in _INDIRECT):
            _absolute(ins, found, low, high)
        if flow:
            _transfer(ins, flow, found)
            if flow != FlowControl.CALL and ins.op_count and ins.op0_kind in BRANCHES:
                following.append(ins.near_branch_target)
            if flow in STOPS:
                return following
    found.falls = ins is not None and _falls(ins)
    following.append(decoder.ip)
    return following


def _falls(ins: Instruction) -> bool:
    return ins.flow_control not in _ENDS and not ins.is_call_near


def _transfer(ins: Instruction, flow: int, found: Code) -> None:
    """A jump, call, return or trap."""
    if ins.op_count and ins.op0_kind in BRANCHES:
        (found.calls if flow == FlowControl.CALL else found.jumps).add(ins.near_branch_target)
    elif flow in (FlowControl.CALL, FlowControl.INTERRUPT):
        _system_call(ins, found)
    elif flow in _INDIRECT:
        if ins.is_ip_rel_memory_operand:
            found.slots.add(ins.ip_rel_memory_address)
        elif flow == FlowControl.INDIRECT_BRANCH:
            found.indirect = True
    elif flow == FlowControl.EXCEPTION and ins.is_invalid:
        found.broken = True


def _system_call(ins: Instruction, found: Code) -> None:
    if ins.code == _SYSCALL:
        found.sites.append(ins.ip)
    elif ins.code == _SYSENTER:
        found.foreign.append((ins.ip, "sysenter"))
    elif ins.code == Opcode.INT_IMM8 and ins.immediate8 == 0x80:
        found.foreign.append((ins.ip, "int 0x80"))


def _ip_relative(ins: Instruction, found: Code) -> None:
    mnemonic = ins.mnemonic
    if mnemonic == Mnemonic.LEA:
        found.addresses.add(ins.ip_rel_memory_address)
        return
    if ins.op0_kind == OpKind.MEMORY and mnemonic not in _COMPARES:
        found.stores.add(ins.ip_rel_memory_address)
        if mnemonic in _STORES:
            return
    if mnemonic not in _COMPARES:
        _add_reads(found, ins.ip_rel_memory_address, MemorySizeExt.size(ins.memory_size))


def _add_reads(found: Code, address: int, size: int) -> None:
    for at in range(0, min(size, 64) - 7, 8):
        found.reads.add(address + at)


def _absolute(ins: Instruction, found: Code, low: int, high: int) -> None:
    """Programs at fixed addresses: addresses as immediates and displacements."""
    mnemonic = ins.mnemonic
    if mnemonic in _COMPARES:
        return
    for operand in range(ins.op_count):
        kind = ins.op_kind(operand)
        if kind in _IMMEDIATES:
            value = ins.immediate(operand) & 0xFFFFFFFFFFFFFFFF
            if low <= value < high:
                found.addresses.add(value)
        elif kind == OpKind.MEMORY and not ins.is_ip_rel_memory_operand:
            value = ins.memory_displacement
            if not low <= value < high:
                continue
            if ins.memory_base or ins.memory_index or mnemonic == Mnemonic.LEA:
                found.addresses.add(value)
            elif not (operand == 0 and mnemonic in _STORES):
                _add_reads(found, value, MemorySizeExt.size(ins.memory_size))


def stub_slot(memory: ElfMemory, address: int) -> int | None:
    """Architecture.stub_slot: `[endbr64] [bnd] jmp [rip + slot]`."""
    code = memory.view(address, 16)
    if code[:1] not in _STUB_STARTS:
        return None
    at = 4 if code.startswith(b"\xf3\x0f\x1e\xfa") else 0
    at += code[at : at + 1] == b"\xf2"
    if code[at : at + 2] != b"\xff\x25" or len(code) < at + 6:
        return None
    return address + at + 6 + int(_DISPLACEMENT.unpack_from(code, at + 2)[0])


def address_pattern(memory: ElfMemory) -> set[int]:
    """Architecture.address_pattern."""
    found: set[int] = set()
    low, high, unpack = memory.start, memory.end, _DISPLACEMENT.unpack_from
    absolute = memory.elf.type == "EXEC"
    for start, end in memory.executable:
        data = memory.view(start, end - start)
        last = len(data) - 4
        for match in _LEA.finditer(data, 1):
            at = match.end()
            if data[at - 3] & 0xF8 == 0x48 and at <= last:
                address = start + at + 4 + unpack(data, at)[0]
                if low <= address < high:
                    found.add(address)
        if absolute:
            for match in _MOVE.finditer(data):
                at = match.end()
                if at <= last and low <= (value := unpack(data, at)[0]) < high:
                    found.add(value)
    return found


def slicer(memory: ElfMemory, body: tuple[tuple[int, int], ...], budget: Budget) -> Slicer:
    """Architecture.slicer."""
    return _Function(memory, body, budget)


class _Function(ValueBody):
    """Slicer, for x86-64."""

    def pointer_calls(
        self, addresses: frozenset[int], slots: frozenset[int]
    ) -> list[tuple[int, bool]] | None:
        """Slicer.pointer_calls."""
        return pointer_calls(self, addresses, slots)


NUMBER_REGISTER: int = Register.RAX
ARGUMENT_REGISTERS: tuple[int, ...] = (
    Register.RDI,
    Register.RSI,
    Register.RDX,
    Register.R10,
    Register.R8,
    Register.R9,
)
PARAMETER_REGISTERS: tuple[int, ...] = (
    Register.RDI,
    Register.RSI,
    Register.RDX,
    Register.RCX,
    Register.R8,
    Register.R9,
)
