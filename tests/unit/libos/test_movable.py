"""Which instructions the process platform moves to a trampoline, held against a decoder of them all."""

from __future__ import annotations

import ctypes
import platform
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from iced_x86 import Decoder, FlowControl, Mnemonic, Register

ROOT = Path(__file__).resolve().parents[3]
STACK = {Mnemonic.PUSH, Mnemonic.POP, Mnemonic.ENTER, Mnemonic.LEAVE}
pytestmark = pytest.mark.skipif(
    shutil.which("gcc") is None or platform.machine() != "x86_64", reason="needs gcc for x86-64"
)


@pytest.fixture(scope="module")
def movable(tmp_path_factory: pytest.TempPathFactory) -> Callable[[bytes], int]:
    library = tmp_path_factory.mktemp("movable") / "movable.so"
    folders = [f"-I{ROOT / path}" for path in ("libos/include", "libos/arch/x86_64/include")]
    source = ROOT / "libos/platform/process/x86_64/movable.c"
    command = ["gcc", "-std=c17", "-O1", "-shared", "-fPIC", *folders, str(source), "-o", str(library)]
    subprocess.run(command, check=True)
    function = ctypes.CDLL(str(library)).code_movable
    return lambda code: int(function(code.ljust(32, b"\x90")))


opcodes = st.one_of(st.binary(min_size=1, max_size=3), st.integers(0, 255).map(lambda op: bytes([0x48, op])))


@settings(max_examples=20_000)
@given(start=opcodes, rest=st.binary(min_size=16, max_size=16))
def test_what_is_moved_is_as_long_as_told_and_the_same_anywhere(
    movable: Callable[[bytes], int], start: bytes, rest: bytes
) -> None:
    code = start + rest
    length = movable(code)
    if not length:
        return
    instruction = next(iter(Decoder(64, code, ip=0x401000)))
    assert not instruction.is_invalid and instruction.len == length, f"{instruction} {code.hex()}"
    assert instruction.flow_control == FlowControl.NEXT
    assert not instruction.is_ip_rel_memory_operand
    assert instruction.mnemonic not in STACK
    assert instruction.segment_prefix == Register.NONE


@pytest.mark.parametrize(
    ("code", "length"),
    [
        ("48 3d 00 f0 ff ff", 6),  # cmp $-4096, %rax
        ("3d 01 f0 ff ff", 5),  # cmp $-4095, %eax
        ("48 89 c7", 3),  # mov %rax, %rdi
        ("48 83 f8 da", 4),  # cmp $-38, %rax
        ("89 44 24 30", 4),  # mov %eax, 48(%rsp)
        ("48 63 d0", 3),  # movslq %eax, %rdx
        ("b8 27 00 00 00", 5),  # mov $39, %eax
        ("48 c7 c0 27 00 00 00", 7),  # mov $39, %rax
        ("4c 89 5c 24 08", 5),  # mov %r11, 8(%rsp)
        ("4c 8b 4c 24 08", 5),  # mov 8(%rsp), %r9
        ("c3", 0),  # ret
        ("74 05", 0),  # je
        ("48 8b 05 00 00 00 00", 0),  # mov 0(%rip), %rax
        ("64 48 8b 04 25 00 00 00 00", 0),  # mov %fs:0, %rax
        ("0f 05", 0),  # syscall
    ],
)
def test_of_what_stands_around_calls(movable: Callable[[bytes], int], code: str, length: int) -> None:
    assert movable(bytes.fromhex(code)) == length
