"""Run as a script, in a child: installs a seccomp filter as the process platform does, and meets it.

Ends by SIGSYS where filters work (seccomp(2), SECCOMP_RET_TRAP), with a message and status 1 where not.
"""

from __future__ import annotations

import ctypes
import os
import sys

_PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS, _MODE_FILTER = 22, 38, 2
_RET_TRAP, _RET_ALLOW = 0x00030000, 0x7FFF0000
_LOAD_WORD, _JUMP_EQUAL, _RETURN = 0x20, 0x15, 0x06  # BPF_LD|BPF_W|BPF_ABS, BPF_JMP|BPF_JEQ|BPF_K, BPF_RET
_GETPPID_X86_64 = 110


class _Instruction(ctypes.Structure):
    _fields_ = (
        ("code", ctypes.c_uint16),
        ("jt", ctypes.c_uint8),
        ("jf", ctypes.c_uint8),
        ("k", ctypes.c_uint32),
    )


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_uint16), ("filter", ctypes.POINTER(_Instruction)))


def main() -> None:
    """Trap getppid(2), then call it."""
    libc = ctypes.CDLL(None, use_errno=True)
    instructions = (_Instruction * 4)(
        _Instruction(_LOAD_WORD, 0, 0, 0),  # seccomp_data.nr
        _Instruction(_JUMP_EQUAL, 0, 1, _GETPPID_X86_64),
        _Instruction(_RETURN, 0, 0, _RET_TRAP),
        _Instruction(_RETURN, 0, 0, _RET_ALLOW),
    )
    program = _Program(len(instructions), instructions)
    for arguments in (
        (_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0),
        (_PR_SET_SECCOMP, _MODE_FILTER, ctypes.byref(program), 0, 0),
    ):
        if libc.prctl(*arguments) != 0:
            sys.exit(f"prctl({arguments[0]}): {os.strerror(ctypes.get_errno())}")
    libc.getppid()
    sys.exit("the filter is not obeyed")


if __name__ == "__main__":
    main()
