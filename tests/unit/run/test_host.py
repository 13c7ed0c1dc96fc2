"""`u2k doctor`: hosts with less than all, and what they are told."""

from __future__ import annotations

import json
import platform
import signal
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import pytest
from typer.testing import CliRunner

from converter.cli.main import app
from converter.errors import ToolchainError
from converter.run import host, seccomp_probe
from converter.run.host import Check, Diagnosis, Verdict

X86_64_LINUX = (platform.system(), platform.machine()) == ("Linux", "x86_64")
NAMES = {
    "python",
    "toolchain",
    "cache",
    "disk space",
    "process platform",
    "qemu (amd64)",
    "qemu (arm64)",
    "kvm",
    "tap devices",
    "passt",
    "docker engine",
}


@pytest.fixture
def no_programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH with nothing on it."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("U2K_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_without_qemu(no_programs: Path) -> None:
    assert host.qemu_for("amd64") == Check(
        "qemu (amd64)", Verdict.OPTIONAL, "not installed", "apt install qemu-system-x86"
    )
    assert host.qemu_for("arm64").next_step == "apt install qemu-system-arm"
    assert host.kvm_acceleration().verdict is Verdict.OPTIONAL


def test_a_qemu_that_does_not_start(no_programs: Path) -> None:
    binary = no_programs / "qemu-system-x86_64"
    binary.write_text("#!/bin/sh\necho libpixman is missing >&2\nexit 127\n")
    binary.chmod(0o755)
    found = host.qemu_for("amd64")
    assert found.verdict is Verdict.BAD
    assert "libpixman is missing" in found.found
    binary.write_bytes(b"\x7fELF, but not really")
    assert host.qemu_for("amd64").verdict is Verdict.BAD


def test_the_cache_is_written_and_measured(own_cache: Path) -> None:
    own_cache.mkdir()
    (own_cache / "blob").write_bytes(b"x" * (3 << 20))
    assert host.cache() == Check("cache", Verdict.GOOD, f"{own_cache}, 3 MiB used")


def test_a_cache_that_cannot_be(own_cache: Path) -> None:
    own_cache.write_text("a file")
    found = host.cache()
    assert found.verdict is Verdict.BAD
    assert "U2K_CACHE_DIR" in str(found.next_step)


def test_a_full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(host.shutil, "disk_usage", lambda _: usage(1 << 40, 0, 200 << 20))
    found = host.disk_space()
    assert found.verdict is Verdict.BAD
    assert found.found.startswith("200 MiB free")


def test_a_toolchain_that_works_and_one_that_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    assert host.toolchain().verdict is Verdict.GOOD

    def gone() -> None:
        raise ToolchainError("the compiler is missing", where="ziglang", hint="pip install ziglang")

    monkeypatch.setattr("converter.link.toolchain.zig", gone)
    found = host.toolchain()
    assert (found.verdict, found.next_step) == (Verdict.BAD, "pip install ziglang")


@pytest.mark.skipif(not X86_64_LINUX, reason="the process platform is x86-64 Linux")
def test_the_filter_really_traps() -> None:
    done = subprocess.run([sys.executable, "-I", seccomp_probe.__file__], check=False)
    assert done.returncode == -signal.SIGSYS
    assert host.process_platform().verdict is Verdict.GOOD


@pytest.mark.skipif(not X86_64_LINUX, reason="the process platform is x86-64 Linux")
def test_a_host_without_filters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refusing = tmp_path / "probe.py"
    refusing.write_text("import sys; sys.exit('prctl(22): Operation not permitted')\n")
    monkeypatch.setattr(seccomp_probe, "__file__", str(refusing))
    found = host.process_platform()
    assert found.verdict is Verdict.BAD
    assert "prctl(22): Operation not permitted" in found.found
    refusing.write_text("")
    assert host.process_platform().verdict is Verdict.BAD


@pytest.mark.parametrize(("system", "machine"), [("Darwin", "x86_64"), ("Linux", "aarch64")])
def test_hosts_without_a_process_platform(system: str, machine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host.platform, "system", lambda: system)
    monkeypatch.setattr(host.platform, "machine", lambda: machine)
    assert host.process_platform().verdict is Verdict.BAD


def verdicts(monkeypatch: pytest.MonkeyPatch, process: Verdict, qemu: Verdict, kvm: Verdict) -> Diagnosis:
    monkeypatch.setattr(host, "toolchain", lambda: Check("toolchain", Verdict.GOOD, ""))
    monkeypatch.setattr(host, "process_platform", lambda: Check("process platform", process, "", "step"))
    monkeypatch.setattr(host, "qemu_for", lambda name: Check(f"qemu ({name})", qemu, "", "step"))
    monkeypatch.setattr(host, "kvm_acceleration", lambda: Check("kvm", kvm, "", "step"))
    return host.diagnose()


def test_ways_to_run_the_best_first(monkeypatch: pytest.MonkeyPatch) -> None:
    good, bad, optional = Verdict.GOOD, Verdict.BAD, Verdict.OPTIONAL
    assert verdicts(monkeypatch, good, good, good).ways == ("qemu with KVM", "process")
    assert verdicts(monkeypatch, good, good, optional).ways == ("process", "qemu, emulated")
    assert verdicts(monkeypatch, good, optional, optional).ways == ("process",)
    assert verdicts(monkeypatch, bad, good, optional).ways == ("qemu, emulated",)
    assert verdicts(monkeypatch, bad, optional, optional).ways == ()


def test_the_status_says_whether_anything_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    verdicts(monkeypatch, Verdict.BAD, Verdict.OPTIONAL, Verdict.OPTIONAL)
    shown = CliRunner().invoke(app, ["doctor"])
    assert shown.exit_code == 1
    assert "next: step" in shown.output
    verdicts(monkeypatch, Verdict.GOOD, Verdict.OPTIONAL, Verdict.OPTIONAL)
    shown = CliRunner().invoke(app, ["doctor", "--json"])
    assert shown.exit_code == 0
    document = json.loads(shown.output)
    assert document["ways"] == ["process"]
    assert {check["name"] for check in document["checks"]} == NAMES | {"sandbox"}
