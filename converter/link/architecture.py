"""The machine architectures a unikernel can be made for, by their several names."""

from __future__ import annotations

from dataclasses import dataclass

from converter.errors import UsageError


@dataclass(frozen=True, slots=True)
class Architecture:
    """`oci`: GOARCH; `name`: the folder in libos/arch and uname -m; `machine`: ELF e_machine."""

    oci: str
    name: str
    machine: int
    target: str  # clang's target triple
    flags: tuple[str, ...]


# Vector and floating-point registers belong to the program, so the compiler may not use them. -mcpu tells
# it so, because zig 0.17 takes -mgeneral-regs-only without a word and without effect.
X86_64 = Architecture(
    "amd64",
    "x86_64",
    62,
    "x86_64-freestanding-none",
    ("-mno-red-zone", "-mcpu=x86_64-x87-mmx-sse-sse2+soft_float"),
)
AARCH64 = Architecture("arm64", "aarch64", 183, "aarch64-freestanding-none", ("-mcpu=generic-neon-fp_armv8",))
ARCHITECTURES = (X86_64, AARCH64)


def architecture(oci: str) -> Architecture:
    """By OCI name. UsageError for one that u2k does not know."""
    for candidate in ARCHITECTURES:
        if candidate.oci == oci:
            return candidate
    known = ", ".join(each.oci for each in ARCHITECTURES)
    raise UsageError(f"there is no library OS for {oci}", hint=f"u2k knows: {known}")
