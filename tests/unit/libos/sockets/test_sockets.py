"""Sockets of libos/net over the real Internet layer, for the host with sanitizers: what any program may do.

The files of ../net are what is below them: a wire, time, memory.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from base64 import b64decode
from pathlib import Path

import pytest

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
    """The corpus, one input a line, and what libFuzzer makes of it in some seconds: U2K_FUZZ_SECONDS."""
    assert CLANG is not None
    seconds = os.environ.get("U2K_FUZZ_SECONDS", "5")
    seeds = tmp_path / "seeds"
    seeds.mkdir()
    for number, line in enumerate((HERE / "corpus.txt").read_text().splitlines()):
        (seeds / f"{number:04}").write_bytes(b64decode(line))
    out = tmp_path / "fuzz"
    subprocess.run([CLANG, *FLAGS, "-o", out, *sources()], check=True)
    limits = ["-max_len=4000", "-timeout=20", f"-max_total_time={seconds}", f"-artifact_prefix={tmp_path}/"]
    done = subprocess.run(
        [out, *limits, seeds], capture_output=True, text=True, errors="replace", check=False
    )
    assert done.returncode == 0, done.stderr[-4000:]
