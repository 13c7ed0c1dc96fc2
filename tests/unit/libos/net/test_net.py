"""The Internet layer of libos/net, compiled for the host with sanitizers, over a wire of the test's own."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent
LIBOS = HERE.parents[3] / "libos"
PARTS = ("packet", "netdev", "ethernet", "arp", "ip", "ipv4", "icmp", "ipv6", "icmpv6", "dhcp", "config")
FLAGS = [
    "-std=gnu17", "-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-fno-builtin",
    "-Wall", "-Wextra", "-Wno-missing-field-initializers",
    f"-I{LIBOS}/include", f"-I{LIBOS}/arch/x86_64/include",
]  # fmt: skip
CASES = re.findall(r'\{"(\w+)", \w+\}', "".join(path.read_text() for path in sorted(HERE.glob("*.c"))))


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    compiler = shutil.which("clang-14") or shutil.which("clang") or shutil.which("gcc")
    if compiler is None or os.uname().machine != "x86_64":
        pytest.skip("needs a host compiler with sanitizers, on x86-64")
    out = tmp_path_factory.mktemp("net") / "net_test"
    mine = [HERE / f"{name}.c" for name in ("main", "stub", "ipv4", "ipv6", "config")]
    stack = [source for part in PARTS for source in sorted((LIBOS / "net" / part).glob("*.c"))]
    core = [LIBOS / f"core/{name}.c" for name in ("timer", "format", "cursor")]
    subprocess.run([compiler, *FLAGS, "-o", out, *mine, *stack, *core], check=True)
    return out


@pytest.mark.parametrize("case", CASES)
def test_net(program: Path, case: str) -> None:
    done = subprocess.run([program, case], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
