"""Vector registers are the program's: a page fault in the middle of its copy must not change them."""

import pytest
from iced_x86 import Decoder, InstructionInfoFactory, Register, RegisterExt

from converter.link.architecture import X86_64
from converter.link.image_header import PT_LOAD, read_kernel
from converter.link.kernel import link_kernel


@pytest.mark.parametrize("platform", ["vm", "process"])
def test_the_kernel_uses_general_registers_only(platform: str) -> None:
    elf = read_kernel(link_kernel(platform, X86_64).path.read_bytes())
    executable = [each for each in elf.segments if each[0].type == PT_LOAD and each[0].flags & 1]
    code = {segment.vaddr: data for segment, data in executable}
    factory = InstructionInfoFactory()
    guilty: set[str] = set()
    functions = 0
    for name, value, size, kind in elf.symbols:
        start = next((at for at, data in code.items() if at <= value < at + len(data)), None)
        if kind != 2 or not size or start is None:
            continue
        functions += 1
        for instruction in Decoder(64, code[start][value - start : value - start + size], ip=value):
            used = factory.info(instruction).used_registers()
            if any(_is_vector(each.register) for each in used):
                guilty.add(name)
    assert functions > 500
    assert guilty == set()


def _is_vector(register: int) -> bool:
    return RegisterExt.is_vector_register(register) or Register.ST0 <= register <= Register.ST7


def test_this_test_can_fail() -> None:
    (instruction,) = Decoder(64, b"\x0f\x10\x06")  # movups (%rsi), %xmm0
    used = InstructionInfoFactory().info(instruction).used_registers()
    assert any(_is_vector(each.register) for each in used)
