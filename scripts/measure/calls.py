"""What a system call costs on the process platform: natively, trapped, and rewritten."""

from __future__ import annotations

import statistics
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from converter.convert import Options, convert
from fixtures.host_program import pack

SOURCE = Path(__file__).resolve().parent / "calls.c"
LIMIT = 150.0  # ns of getppid, rewritten
VARIANTS: Mapping[str, Sequence[str]] = {
    "glibc static": ("gcc", "-static"),
    "glibc dynamic": ("gcc", "-pie", "-fPIE"),
    "musl static": ("musl-gcc", "-static"),
}
WAYS = {"native": None, "trapped": 0, "rewritten": 1}


def run(folder: Path, runs: int) -> bool:
    """Print medians of `runs` interleaved runs; whether a rewritten call is within its limit."""
    good = []
    for variant, (compiler, *flags) in VARIANTS.items():
        program = folder / variant.replace(" ", "-")
        command = [compiler, "-O2", *flags, "-pthread", str(SOURCE), "-o", str(program)]
        subprocess.run(command, check=True)
        archive, executable = program.with_suffix(".oci.tar"), program.with_suffix(".process")
        pack(str(program), archive, program.name)
        convert(str(archive), executable, Options(target="process"))
        found: dict[str, dict[str, list[float]]] = {way: {} for way in WAYS}
        for _ in range(runs):
            for way, traps in WAYS.items():
                for line in _run(program, executable, traps).splitlines():
                    name, value = line.split()
                    found[way].setdefault(name, []).append(float(value))
        for name in found["native"]:
            told = ", ".join(f"{way} {statistics.median(found[way][name]):.0f}" for way in WAYS)
            print(f"{variant}: {name}: {told} ns")
        good.append(statistics.median(found["rewritten"]["getppid"]) <= LIMIT)
    print(f"getppid, rewritten: {'within' if all(good) else 'NOT within'} {LIMIT:.0f} ns")
    return all(good)


def _run(program: Path, executable: Path, traps: int | None) -> str:
    command = [program] if traps is None else [executable, f"u2k.fastcalls={traps}"]
    return subprocess.run(command, check=True, capture_output=True, text=True, env={}).stdout
