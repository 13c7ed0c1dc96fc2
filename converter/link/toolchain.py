"""The compiler and linker: the `ziglang` wheel's clang and lld, the same on every host."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from functools import cache
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from converter.cache.folder import cache_folder
from converter.errors import ToolchainError
from converter.link.architecture import Architecture

# Objects are position-independent, so that the same ones serve every platform's address; no
# vector registers and no thread-local storage, since those belong to the program; and no red zone, since
# a fault inside a copy routine is taken on the running stack.
COMPILE_FLAGS = (
    "-std=c17",
    "-ffreestanding",
    "-Os",
    *("-Xclang", "-Oz"),  # zig makes -Os of -Oz; a tenth smaller, and a start takes as many instructions
    "-g0",
    "-fpie",
    "-fdirect-access-external-data",
    "-fvisibility=hidden",
    "-ffunction-sections",
    "-fdata-sections",
    "-fno-stack-protector",
    "-fno-unwind-tables",
    "-fno-asynchronous-unwind-tables",
    "-fno-strict-aliasing",
    "-fomit-frame-pointer",
    "-Wall",
    "-Wextra",
    "-Wconversion",
    "-Werror",
)
PLAIN_FLAGS = ("-fno-sanitize=all",)
# Parts that read what comes from outside end in a trap, not in undefined behaviour. Left out: what a null or
# wild pointer does, which the machine traps by itself, what would be a tenth of the code, and the values of
# bool and enum, whose checks (a fortieth) find no wild access.
HARDENED_FLAGS = (
    "-fsanitize=undefined,bounds",
    "-fno-sanitize=alignment,vptr,function,null,pointer-overflow,object-size,bool,enum",
    "-fsanitize-trap=all",
)
LINK_FLAGS = (
    "-O2",  # strings that end another string share its bytes
    "--gc-sections",
    "-static",
    "-nostdlib",
    "-z",
    "noexecstack",
    "-z",
    "max-page-size=4096",
    "--no-undefined",
    "--build-id=none",
    "--no-rosegment",
)


@cache
def zig() -> Path:
    """The compiler's binary. ToolchainError when the wheel is not installed."""
    spec = find_spec("ziglang")
    folders = list(spec.submodule_search_locations or ()) if spec else []
    binary = Path(folders[0]) / "zig" if folders else None
    if binary is None or not binary.is_file():
        raise ToolchainError("the compiler is missing", where="ziglang", hint="pip install ziglang")
    return binary


@cache
def identity(machine: Architecture) -> str:
    """What decides the bytes that the toolchain makes for `machine`: its version and our flags."""
    flags = (
        *COMPILE_FLAGS,
        "|",
        *PLAIN_FLAGS,
        *HARDENED_FLAGS,
        "|",
        *LINK_FLAGS,
        "|",
        machine.target,
        *machine.flags,
    )
    return "\n".join((metadata.version("ziglang"), *flags))


def compile_object(
    source: Path, output: Path, machine: Architecture, include: Sequence[Path], *, hardened: bool = False
) -> None:
    """Compile one C or assembler file. ToolchainError with the compiler's own words."""
    assembler = source.suffix == ".S"
    command = [
        "cc",
        "-target",
        machine.target,
        *COMPILE_FLAGS,
        *machine.flags,
        *(HARDENED_FLAGS if hardened and not assembler else PLAIN_FLAGS),
        *(f"-I{folder}" for folder in include),
        "-c",
        str(source),
        "-o",
        str(output),
    ]
    _run(command, str(source))


def archive(output: Path, objects: Sequence[Path]) -> None:
    """Pack objects, in this order, into a new static library with a symbol index and no time stamps."""
    listing = output.with_suffix(".rsp")
    listing.write_text("\n".join(str(each) for each in objects))
    try:
        _run(["ar", "rcsD", str(output), f"@{listing}"], str(output))
    finally:
        listing.unlink(missing_ok=True)


def link(output: Path, script: Path, inputs: Sequence[Path], map_file: Path | None = None) -> None:
    """Link a kernel: only what the script's entry point and tables reach stays."""
    extra = [] if map_file is None else [f"-Map={map_file}"]
    _run(
        ["ld.lld", *LINK_FLAGS, *extra, "-T", str(script), "-o", str(output), *map(str, inputs)], str(output)
    )


def link_flat(output: Path, script: Path, inputs: Sequence[Path]) -> None:
    """Link a program that is loaded byte for byte to the address that the script says."""
    _run(
        ["ld.lld", *LINK_FLAGS, "--oformat=binary", "-T", str(script), "-o", str(output), *map(str, inputs)],
        str(output),
    )


def link_efi(output: Path, entry: str, inputs: Sequence[Path]) -> None:
    """Link a UEFI application (PE32+). /Brepro puts a digest where the time of linking would be."""
    flags = ["/subsystem:efi_application", "/nodefaultlib", "/Brepro", f"/entry:{entry}", f"/out:{output}"]
    _run(["lld-link", *flags, *map(str, inputs)], str(output))


def _run(arguments: Sequence[str], where: str) -> None:
    environment = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    environment["ZIG_GLOBAL_CACHE_DIR"] = environment["ZIG_LOCAL_CACHE_DIR"] = str(cache_folder("zig"))
    done = subprocess.run(
        [str(zig()), *arguments],
        env=environment,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode != 0:
        lines = (done.stderr or done.stdout).strip() or f"ended with status {done.returncode}"
        raise ToolchainError(
            f"{arguments[0]} failed:\n{lines}", where=where, hint="this is a bug in u2k; please report it"
        )
