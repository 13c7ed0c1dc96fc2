"""The KVM probe: its guest, its patience, and what is kept of its answers."""

from __future__ import annotations

import io
import shutil
import time
from pathlib import Path

import pytest

from converter.elf.header import read_elf
from converter.run import kvm
from converter.run.kvm_guest import EXIT_STATUS, guest_image

SAYS_YES = f"echo x >> $0.runs; exit {EXIT_STATUS}"


@pytest.fixture(autouse=True)
def device(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A /dev/kvm that opens, and an x86-64 Linux around it."""
    there = tmp_path / "kvm"
    there.touch()
    monkeypatch.setattr(kvm, "_DEVICE", there)
    monkeypatch.setattr(kvm.platform, "system", lambda: "Linux")
    monkeypatch.setattr(kvm.platform, "machine", lambda: "x86_64")
    monkeypatch.setenv("U2K_CACHE_DIR", str(tmp_path / "cache"))
    return there


def fake_qemu(folder: Path, body: str) -> Path:
    path = folder / "qemu-system-x86_64"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


def runs(qemu: Path) -> int:
    return len(Path(f"{qemu}.runs").read_text().split())


def test_the_guest_is_a_sound_elf_file() -> None:
    data = guest_image()
    elf = read_elf(io.BytesIO(data), len(data), "guest")
    assert (elf.machine, elf.type, elf.entry) == ("amd64", "EXEC", 0x100000)
    assert [segment.type for segment in elf.segments] == [1, 4]


@pytest.mark.skipif(shutil.which("qemu-system-x86_64") is None, reason="needs qemu-system-x86")
def test_the_guest_runs_where_a_processor_works() -> None:
    qemu = kvm.qemu_binary("amd64")
    assert qemu is not None
    assert kvm.run_guest(qemu, "tcg", "max") == (True, "a guest ran")
    works, reason = kvm.run_guest(qemu, "tcg", "nosuchcpu")
    assert not works
    assert "status 1" in reason
    assert "nosuchcpu" in reason


def test_an_answer_is_kept_until_it_is_asked_for_anew_or_qemu_changes(tmp_path: Path) -> None:
    qemu = fake_qemu(tmp_path, SAYS_YES)
    assert kvm.kvm_works(qemu) == kvm.kvm_works(qemu) == (True, "a guest ran")
    assert runs(qemu) == 1
    kvm.kvm_works(qemu, fresh=True)
    assert runs(qemu) == 2
    fake_qemu(tmp_path, SAYS_YES + " # another version")
    kvm.kvm_works(qemu)
    assert runs(qemu) == 3


def test_an_answer_is_not_kept_over_a_boot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    qemu = fake_qemu(tmp_path, SAYS_YES)
    for boot in ("one", "two"):
        (tmp_path / boot).write_text(boot)
        monkeypatch.setattr(kvm, "_BOOT_ID", tmp_path / boot)
        kvm.kvm_works(qemu)
    assert runs(qemu) == 2


@pytest.mark.parametrize("junk", ["", "{", "[]", "{}", "null", "\x00"])
def test_a_damaged_answer_is_asked_again(tmp_path: Path, junk: str) -> None:
    qemu = fake_qemu(tmp_path, SAYS_YES)
    kvm.kvm_works(qemu)
    (kept,) = (tmp_path / "cache/probes").iterdir()
    kept.write_text(junk)
    assert kvm.kvm_works(qemu) == (True, "a guest ran")
    assert runs(qemu) == 2


def test_a_cache_that_cannot_be_written_does_not_matter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("U2K_CACHE_DIR", str(tmp_path / "kvm/cache"))  # below a file
    assert kvm.kvm_works(fake_qemu(tmp_path, SAYS_YES)) == (True, "a guest ran")


def test_a_guest_that_hangs_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kvm, "_PATIENCE", 0.3)
    start = time.monotonic()
    works, reason = kvm.kvm_works(fake_qemu(tmp_path, "exec sleep 60"))
    assert time.monotonic() - start < 10
    assert not works
    assert "did not get through" in reason


def test_a_qemu_that_dies_is_quoted(tmp_path: Path) -> None:
    works, reason = kvm.kvm_works(fake_qemu(tmp_path, "echo no MSR for you >&2; kill -ABRT $$"))
    assert (works, reason) == (False, "a guest does not start, QEMU ends with signal 6: no MSR for you")


def test_without_the_device_nothing_is_started(tmp_path: Path, device: Path) -> None:
    qemu = fake_qemu(tmp_path, SAYS_YES)
    device.unlink()
    assert kvm.kvm_works(qemu) == (False, f"{device} does not exist")
    assert not Path(f"{qemu}.runs").exists()


def test_other_guests_than_x86_64(tmp_path: Path) -> None:
    arm = fake_qemu(tmp_path, SAYS_YES).rename(tmp_path / "qemu-system-aarch64")
    assert kvm.kvm_works(arm)[0] is False


def test_qemu_is_found_by_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert kvm.qemu_binary("amd64") is None
    fake_qemu(tmp_path, "")
    assert kvm.qemu_binary("amd64") == tmp_path / "qemu-system-x86_64"
    assert kvm.qemu_binary("arm64") is None
    assert kvm.qemu_binary("s390x") is None
