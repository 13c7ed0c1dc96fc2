"""The Internet layer of libos/net, compiled for the host with sanitizers, over a wire of the test's own."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.unit.libos.fuzzing import fuzz

HERE = Path(__file__).parent
LIBOS = HERE.parents[3] / "libos"
PARTS = "packet netdev ethernet arp ip ipv4 icmp igmp ipv6 icmpv6 dhcp config".split()
FLAGS = [
    "-std=gnu17", "-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-fno-builtin",
    "-Wall", "-Wextra", "-Wno-missing-field-initializers",
    f"-I{LIBOS}/include", f"-I{LIBOS}/arch/x86_64/include",
]  # fmt: skip
CASES = re.findall(r'\{"(\w+)", \w+\}', "".join(path.read_text() for path in sorted(HERE.glob("*.c"))))


CLANG = shutil.which("clang-14") or shutil.which("clang")


def sources(*mine: str) -> list[Path]:
    stack = [source for part in PARTS for source in sorted((LIBOS / "net" / part).glob("*.c"))]
    core = [LIBOS / f"core/{name}.c" for name in ("timer", "format", "cursor")]
    return [*(HERE / f"{name}.c" for name in mine), *stack, *core]


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    compiler = CLANG or shutil.which("gcc")
    if compiler is None or os.uname().machine != "x86_64":
        pytest.skip("needs a host compiler with sanitizers, on x86-64")
    out = tmp_path_factory.mktemp("net") / "net_test"
    mine = sources("main", "stub", "ipv4", "ipv6", "config")
    subprocess.run([compiler, *FLAGS, "-o", out, *mine], check=True)
    return out


@pytest.mark.parametrize("case", CASES)
def test_net(program: Path, case: str) -> None:
    done = subprocess.run([program, case], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(CLANG is None, reason="needs clang's libFuzzer")
def test_hostile_packets_never_crash(tmp_path: Path) -> None:
    assert CLANG is not None
    flags = [flag.replace("address", "fuzzer,address") for flag in FLAGS]
    out = tmp_path / "fuzz"
    subprocess.run([CLANG, *flags, "-o", out, *sources("fuzz", "stub")], check=True)
    fuzz(out, HERE / "corpus.txt", tmp_path, "-max_len=4000")
