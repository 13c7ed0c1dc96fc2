"""What becomes of a function's address in a register: is it only called there, or can others get it?

Compilers load the address of a function once and call it several times through the register; handwritten code
compares return addresses with labels. Neither hides the callers of the function.
"""

from __future__ import annotations

from iced_x86 import Code as Opcode
from iced_x86 import FlowControl, Instruction, Mnemonic, OpKind, Register, RegisterExt

from converter.analyze.calls.x86_64_body import Body

MAX_STATES = 20_000

_IMMEDIATES = frozenset({OpKind.IMMEDIATE32, OpKind.IMMEDIATE32TO64, OpKind.IMMEDIATE64})
_COMPARES = frozenset({Mnemonic.CMP, Mnemonic.TEST})
_ARGUMENTS = frozenset(  # what a callee may look at (psABI, Parameter Passing)
    {
        Register.RAX,
        Register.RDI,
        Register.RSI,
        Register.RDX,
        Register.RCX,
        Register.R8,
        Register.R9,
        Register.R10,
    }
)
_LOST = frozenset({*_ARGUMENTS, Register.R11})  # after a call
# The kernel gets its arguments in other registers than functions do, and keeps all but these (psABI, A.2.1).
_KERNEL_LOST = frozenset({Register.RAX, Register.RCX, Register.R11})
_KERNEL_ARGUMENTS = _ARGUMENTS - {Register.RCX}
_LEAVES = frozenset({FlowControl.RETURN, FlowControl.UNCONDITIONAL_BRANCH, FlowControl.INDIRECT_BRANCH})


def pointer_calls(
    body: Body, addresses: frozenset[int], slots: frozenset[int]
) -> list[tuple[int, bool]] | None:
    """Where the function calls (True) or jumps to what it computed as one of `addresses`, or read from
    `slots`.

    None: the pointer goes elsewhere too, to memory, to another function or into arithmetic.
    """
    found: set[tuple[int, bool]] = set()
    if not body.budget.spend(len(body.code)):
        return None
    for at, ins in enumerate(body.code):
        register = _loaded(ins, addresses, slots)
        if register is None:
            continue
        if not register or not _follow(body, at, register, found):
            return None
    return sorted(found)


def _loaded(ins: Instruction, addresses: frozenset[int], slots: frozenset[int]) -> int | None:
    """The register that gets the pointer; 0 if it goes elsewhere; None: this instruction has none of it."""
    mnemonic = ins.mnemonic
    register: int = Register.NONE
    if ins.op_count and ins.op0_kind == OpKind.REGISTER:
        register = RegisterExt.full_register(ins.op0_register)
    if ins.is_ip_rel_memory_operand:
        address = ins.ip_rel_memory_address
        if mnemonic == Mnemonic.LEA:
            return register if address in addresses else None
        if address not in slots or mnemonic in _COMPARES or ins.flow_control:
            return None
        return register if mnemonic == Mnemonic.MOV else Register.NONE
    for operand in range(ins.op_count):
        is_address = ins.op_kind(operand) in _IMMEDIATES and ins.immediate(operand) in addresses
        if is_address and mnemonic not in _COMPARES:
            return register if mnemonic == Mnemonic.MOV else Register.NONE
    return None


def _follow(body: Body, at: int, register: int, found: set[tuple[int, bool]]) -> bool:
    """Add the calls through `register` after instruction number `at`; False if the pointer gets away."""
    todo = list(body.successors(at))
    seen = set(todo)
    while todo:
        here = todo.pop()
        if len(seen) > MAX_STATES:
            return False
        ins = body.code[here]
        flow = ins.flow_control
        direct = ins.op_count and ins.op0_kind == OpKind.REGISTER and ins.op0_register == register
        if direct and flow in (FlowControl.INDIRECT_CALL, FlowControl.INDIRECT_BRANCH):
            found.add((ins.ip, flow == FlowControl.INDIRECT_CALL))
        elif _handed_on(body, here, ins, register):
            return False
        lost = _KERNEL_LOST if ins.code == Opcode.SYSCALL else _LOST
        if register in body.writes(here) or (
            flow in (FlowControl.CALL, FlowControl.INDIRECT_CALL) and register in lost
        ):
            continue
        next_ones = body.successors(here)
        if not body.budget.spend(4 + len(next_ones)):
            return False
        for following in next_ones:
            if following not in seen:
                seen.add(following)
                todo.append(following)
    return True


def _handed_on(body: Body, here: int, ins: Instruction, register: int) -> bool:
    """The instruction reads the register, and not for a comparison only, or it is an argument or a result."""
    if ins.mnemonic not in _COMPARES and register in body.reads(here):
        return True
    flow = ins.flow_control
    if flow in (FlowControl.CALL, FlowControl.INDIRECT_CALL):
        return register in (_KERNEL_ARGUMENTS if ins.code == Opcode.SYSCALL else _ARGUMENTS)
    if flow == FlowControl.RETURN:
        return register in (Register.RAX, Register.RDX)
    return flow in _LEAVES and not body.successors(here) and register in _ARGUMENTS
