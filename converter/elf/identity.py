"""What the first 20 bytes of an ELF file say: enough to tell architectures apart (gABI, ELF Header)."""

from __future__ import annotations

import struct
from dataclasses import dataclass

MAGIC = b"\x7fELF"
IDENTITY_SIZE = 20  # bytes: e_ident, e_type, e_machine

_MACHINES = {  # e_machine to the OCI (GOARCH) name; only little-endian 64-bit ones become unikernels
    (3, 32): "386",
    (8, 32): "mips",
    (8, 64): "mips64",
    (20, 32): "ppc",
    (21, 64): "ppc64",
    (22, 64): "s390x",
    (40, 32): "arm",
    (62, 32): "x32",
    (62, 64): "amd64",
    (183, 64): "arm64",
    (243, 64): "riscv64",
    (258, 64): "loong64",
}
_TYPES = {1: "REL", 2: "EXEC", 3: "DYN", 4: "CORE"}


@dataclass(frozen=True, slots=True)
class ElfIdentity:
    """Class (`bits`: 32 or 64), byte order, architecture by its OCI name, and file type by its ET_ name."""

    bits: int
    little_endian: bool
    machine: str
    type: str


def read_identity(head: bytes) -> ElfIdentity | None:
    """The identity of a file that begins with `head`; None if it is no ELF file or its start is nonsense."""
    if len(head) < IDENTITY_SIZE or head[:4] != MAGIC or head[4] not in (1, 2) or head[5] not in (1, 2):
        return None
    little = head[5] == 1
    bits = 32 * head[4]
    kind, number = struct.unpack_from("<HH" if little else ">HH", head, 16)
    machine = _MACHINES.get((number, bits), f"machine-{number}")
    if machine == "ppc64" and little:
        machine = "ppc64le"
    return ElfIdentity(bits, little, machine, _TYPES.get(kind, f"type-{kind}"))
