"""The seccomp profile: its shape by the runtime specification, and a real runtime that loads it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from converter.errors import UsageError
from converter.profile.seccomp import RUNTIME, seccomp_profile

# OCI runtime-spec 1.1, config-linux.md, Seccomp: what of its schema concerns us.
SHAPE = {
    "type": "object",
    "required": ["defaultAction"],
    "additionalProperties": False,
    "properties": {
        "defaultAction": {"$ref": "#/$defs/action"},
        "defaultErrnoRet": {"type": "integer", "minimum": 0, "maximum": 4095},
        "architectures": {"type": "array", "items": {"pattern": "^SCMP_ARCH_[A-Z0-9_]+$"}},
        "syscalls": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["names", "action"],
                "additionalProperties": False,
                "properties": {
                    "names": {"type": "array", "minItems": 1, "items": {"pattern": "^[a-z0-9_]+$"}},
                    "action": {"$ref": "#/$defs/action"},
                },
            },
        },
    },
    "$defs": {
        "action": {
            "enum": ["SCMP_ACT_KILL", "SCMP_ACT_TRAP", "SCMP_ACT_ERRNO", "SCMP_ACT_TRACE", "SCMP_ACT_ALLOW"]
        }
    },
}


def test_shape() -> None:
    made = seccomp_profile(["write", "read", "read"], "amd64")
    jsonschema.validate(made, SHAPE)
    assert made["architectures"] == ["SCMP_ARCH_X86_64"]
    own, runtime = (rule["names"] for rule in made["syscalls"])
    assert own == ["read", "write"]
    assert set(own) | set(runtime) == RUNTIME | {"read", "write"}
    assert not set(own) & set(runtime)
    jsonschema.validate(seccomp_profile(RUNTIME, "arm64"), SHAPE)


def test_an_architecture_that_is_not_known() -> None:
    with pytest.raises(UsageError, match="riscv64"):
        seccomp_profile(["read"], "riscv64")


PROGRAM = r"""
#include <errno.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>
int main(void)
{
    struct utsname name;
    int named = syscall(SYS_uname, &name);
    int why = errno;
    printf("uid %d, uname %d %d\n", (int)getuid(), named, named ? why : 0);
    return 7;
}
"""


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """A runc bundle of PROGRAM for user 1000 with the runtime's default configuration."""
    if shutil.which("runc") is None or shutil.which("gcc") is None or os.geteuid() != 0:
        pytest.skip("needs runc (Debian: apt-get install runc), gcc, and root")
    root = tmp_path / "rootfs"
    root.mkdir()
    source = tmp_path / "program.c"
    source.write_text(PROGRAM)
    subprocess.run(["gcc", "-O1", "-static", "-o", root / "program", source], check=True)
    subprocess.run(["runc", "spec"], cwd=tmp_path, check=True)
    return tmp_path


def traced(bundle: Path) -> set[str]:
    """The calls that strace sees of the program natively, without those of uname."""
    if shutil.which("strace") is None:
        pytest.skip("needs strace (Debian: apt-get install strace)")
    log = bundle / "log"
    subprocess.run(["strace", "-f", "-o", log, bundle / "rootfs/program"], capture_output=True, check=False)
    return set(re.findall(r"^\d+ +(\w+)\(", log.read_text(), re.MULTILINE)) - {"uname"}


def run(bundle: Path, syscalls: set[str], no_new_privileges: bool) -> subprocess.CompletedProcess[str]:
    file = bundle / "config.json"
    config: dict[str, Any] = json.loads(file.read_text())
    config["process"] |= {
        "terminal": False,
        "args": ["/program"],
        "user": {"uid": 1000, "gid": 1000, "additionalGids": [5]},
        "noNewPrivileges": no_new_privileges,
    }
    config["linux"]["seccomp"] = seccomp_profile(syscalls, "amd64")
    file.write_text(json.dumps(config))
    command = ["runc", "--root", str(bundle / "state"), "run", f"u2k-{os.getpid()}"]
    return subprocess.run(command, cwd=bundle, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.root
@pytest.mark.parametrize("no_new_privileges", [False, True])
def test_runc_starts_a_container_under_it(bundle: Path, no_new_privileges: bool) -> None:
    calls = traced(bundle)
    done = run(bundle, calls, no_new_privileges)
    assert (done.stdout, done.returncode) == ("uid 1000, uname -1 38\n", 7), done.stderr
    allowed = run(bundle, calls | {"uname"}, no_new_privileges)
    assert (allowed.stdout, allowed.returncode) == ("uid 1000, uname 0 0\n", 7), allowed.stderr
