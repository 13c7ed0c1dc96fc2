"""Guest programs: what `guest.toml` says, how they are compiled, and images made of them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.builders import oci

HERE = Path(__file__).resolve().parent
VARIANTS: Mapping[str, tuple[str, ...]] = {
    "static": ("gcc", "-static"),
    "static-pie": ("gcc", "-static-pie", "-fPIE"),
    "dynamic": ("gcc", "-pie", "-fPIE"),
    "dynamic-no-pie": ("gcc", "-no-pie", "-fno-PIE"),
    "musl-static": ("musl-gcc", "-static"),
    "musl": ("musl-gcc", "-pie", "-fPIE"),
}
# Guests do on purpose what a compiler warns of: they ask for errors.
FLAGS = (
    *(
        "-O1",
        "-g0",
        "-D_GNU_SOURCE",
        "-U_FORTIFY_SOURCE",
        "-Wall",
        "-Wextra",
        "-Werror",
        "-Wno-unused-result",
    ),
    *("-Wno-nonnull", "-Wno-array-bounds", "-Wno-stringop-overread", "-Wno-stringop-overflow"),
)


@dataclass(frozen=True, slots=True)
class Case:
    """One way to run a guest.

    emulation: False where QEMU's emulation of the processor differs from real ones
    absent:    system calls that the library OS does not have; its log names each of them once
    """

    name: str
    args: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    stdin: bytes = b""
    emulation: bool = True
    absent: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Guest:
    """A folder of tests/guest with a `guest.toml`.

    variants: how it is linked, keys of VARIANTS
    flags:    more for the compiler
    user:     uid and gid it is run as; None: as whoever runs the tests
    root:     whether it has to be root
    """

    name: str
    sources: tuple[Path, ...]
    variants: tuple[str, ...]
    flags: tuple[str, ...]
    user: int | None
    root: bool
    memory: str | None
    cases: tuple[Case, ...]


def all_guests() -> tuple[Guest, ...]:
    return tuple(_guest(path) for path in sorted(HERE.glob("*/guest.toml")))


def _guest(path: Path) -> Guest:
    rules = tomllib.loads(path.read_text())
    cases = tuple(_case(each, number) for number, each in enumerate(rules.pop("case", [{}])))
    guest = Guest(
        path.parent.name,
        tuple(sorted(path.parent.glob("*.c"))),
        tuple(rules.pop("variants", ["static"])),
        tuple(rules.pop("flags", ())),
        rules.pop("user", None),
        rules.pop("root", False),
        rules.pop("memory", None),
        cases,
    )
    assert not rules, f"{path}: {', '.join(rules)}?"
    assert len({case.name for case in cases}) == len(cases), f"{path}: two cases have the same name"
    return guest


def _case(rules: dict[str, Any], number: int) -> Case:
    stdin = str(rules.pop("stdin", "")).encode()
    size = rules.pop("stdin_bytes", 0)
    if size:  # every byte value, at changing distances
        stdin = bytes((at * at >> 3) & 255 for at in range(65536)) * (size // 65536 + 1)
        stdin = stdin[:size]
    args = tuple(rules.pop("args", ()))
    default = "-".join(re.findall(r"\w+", " ".join(args)))[:40] or f"case{number}"
    name = rules.pop("name", default).encode("ascii", "ignore").decode()
    absent = tuple(rules.pop("absent", ()))
    return Case(name, args, rules.pop("env", {}), stdin, absent=absent, **rules)


def missing(variant: str) -> str | None:
    """Why `variant` cannot be compiled here, or None."""
    compiler = VARIANTS[variant][0]
    package = "musl-tools" if compiler == "musl-gcc" else "gcc"
    return None if shutil.which(compiler) else f"{compiler} is not here (Debian: apt-get install {package})"


def compile_guest(guest: Guest, variant: str, folder: Path) -> Path:
    """The program, in `folder`."""
    compiler, *kind = VARIANTS[variant]
    program = folder / guest.name
    command = [compiler, *FLAGS, *kind, *map(str, guest.sources), "-o", str(program), *guest.flags]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.fail(done.stderr, pytrace=False)
    return program


def image_of(program: Path, user: int | None, archive: Path) -> Path:
    """A one-layer image with the program and its libraries, each at the path it has on this host."""
    files = [program, *_libraries(program)]
    entries = [oci.directory("tmp", mode=0o1777)]
    done = {"tmp"}
    for path in files:
        for parent in reversed(path.parents[:-1]):
            name = str(parent).lstrip("/")
            if name not in done:
                done.add(name)
                entries.append(oci.directory(name))
        entries.append(oci.file(str(path).lstrip("/"), path.read_bytes(), mode=0o755))
    uid, gid = (os.getuid(), os.getgid()) if user is None else (user, user)
    run = {"Entrypoint": [str(program)], "User": f"{uid}:{gid}", "WorkingDir": "/"}
    layout = oci.simple_layout([oci.layer(*entries)], compression="plain", run=run)
    return oci.write_tar(archive, layout)


def _libraries(program: Path) -> Sequence[Path]:
    """What the program's own loader loads, and the loader: by asking it (ld.so(8), --list)."""
    text = subprocess.run(["readelf", "-lW", str(program)], capture_output=True, text=True, check=True).stdout
    found = re.search(r"interpreter: (\S+)\]", text)
    if found is None:
        return ()
    listed = subprocess.run([found[1], "--list", str(program)], capture_output=True, text=True, check=True)
    paths = {Path(found[1]), *(Path(each) for each in re.findall(r"=> (/\S+)", listed.stdout))}
    return sorted(paths)
