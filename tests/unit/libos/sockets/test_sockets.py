"""Sockets of libos/net over the real Internet layer, for the host with sanitizers: what any program may do.

The files of ../net are what is below them: a wire, time, memory.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.unit.libos.fuzzing import fuzz

HERE = Path(__file__).parent
LIBOS = HERE.parents[3] / "libos"
STACK = (
    *(
        "packet",
        "netdev",
        "ethernet",
        "arp",
        "ip",
        "ipv4",
        "icmp",
        "igmp",
        "ipv6",
        "icmpv6",
        "dhcp",
        "config",
    ),
)
SOCKETS = ("socket", "inet", "udp", "raw", "packet_socket", "netlink", "unix")
CORE = ("core/timer.c", "core/format.c", "core/cursor.c", "core/waitq.c", "fs/vfs/iter.c")
FLAGS = [
    "-std=gnu17", "-g", "-O1", "-fsanitize=fuzzer,address,undefined", "-fno-sanitize-recover=all",
    "-fno-builtin", "-Wall", "-Wextra", "-Wno-missing-field-initializers",
    f"-I{LIBOS}/include", f"-I{LIBOS}/arch/x86_64/include",
]  # fmt: skip
CLANG = shutil.which("clang-14") or shutil.which("clang")


def sources() -> list[Path]:
    parts = [source for part in (*STACK, *SOCKETS) for source in sorted((LIBOS / "net" / part).glob("*.c"))]
    mine = [HERE / "fuzz.c", HERE / "below.c", HERE.parent / "net/stub.c"]
    return [*mine, *parts, *(LIBOS / name for name in CORE)]


@pytest.mark.skipif(CLANG is None or os.uname().machine != "x86_64", reason="needs clang's libFuzzer, x86-64")
def test_any_program_is_survived(tmp_path: Path) -> None:
    assert CLANG is not None
    out = tmp_path / "fuzz"
    subprocess.run([CLANG, *FLAGS, "-o", out, *sources()], check=True)
    fuzz(out, HERE / "corpus.txt", tmp_path, "-max_len=4000")
