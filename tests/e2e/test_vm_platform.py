"""The virtual machine platform alone: the guest of tests/guest/vm on a core that hands out plat_*()."""

from __future__ import annotations

import os
import struct
import time
from pathlib import Path

import pytest

from converter.link import toolchain
from converter.link.architecture import X86_64
from converter.link.build import SHARED, build_archive, include_folders
from converter.link.source import libos_root
from converter.run.control import signal_message, window_message
from converter.run.symbols import SymbolTable
from tests.e2e.kernel_file import file_of
from tests.e2e.machine import PORTS, QEMU, Result, run

GUEST = Path(__file__).resolve().parent.parent / "guest/vm"
PARTS = ("main", "faults", "memory", "clock", "threads")
MACHINES = ("microvm,acpi=off", "microvm", "pc", "q35")
CPUS = ("qemu64", "max")
PAGE = 4096

pytestmark = pytest.mark.skipif(QEMU is None, reason="no qemu-system-x86_64 (Debian: qemu-system-x86)")


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with: kernel (the test core), guest.bin, loader.bin and unikernel."""
    folder = tmp_path_factory.mktemp("vm-platform")
    include = include_folders(X86_64)
    for name in (*PARTS, "core"):
        toolchain.compile_object(GUEST / f"{name}.c", folder / f"{name}.o", X86_64, include)
    toolchain.compile_object(GUEST / "linux_loader.S", folder / "loader.o", X86_64, include)
    toolchain.link(folder / "guest.bin", GUEST / "guest.lds", [folder / f"{name}.o" for name in PARTS])
    toolchain.link(folder / "loader.bin", GUEST / "loader.lds", [folder / "loader.o"])
    archives = [build_archive("vm", X86_64), build_archive(SHARED, X86_64)]
    script = libos_root() / "platform/vm/x86_64/kernel.lds"
    toolchain.link(folder / "kernel", script, [folder / "core.o", *archives])
    guest = (folder / "guest.bin").read_bytes()
    (folder / "unikernel").write_bytes(file_of(folder / "kernel", guest))
    return folder


@pytest.fixture(scope="session")
def unikernel(built: Path) -> Path:
    return built / "unikernel"


def assert_clean(result: Result, status: int = 42) -> None:
    assert (result.code, result.status, result.log, result.serial) == (0, status, b"", b"")


@pytest.mark.parametrize("cpu", CPUS)
@pytest.mark.parametrize("machine", MACHINES)
def test_boots_speaks_and_powers_off(unikernel: Path, machine: str, cpu: str) -> None:
    result = run(unikernel, "test=streams", machine=machine, cpu=cpu)
    assert_clean(result)
    assert (result.out, result.err) == (b"out\n", b"err\n")


@pytest.mark.parametrize("machine", ["microvm,acpi=off", "microvm"])
def test_modern_mmio_devices(unikernel: Path, machine: str) -> None:
    extra = ("-global", "virtio-mmio.force-legacy=false")
    result = run(unikernel, "test=hello", machine=machine, extra=extra)
    assert_clean(result)
    assert result.out == b"hello from ring 3\n"


def test_linux_boot_protocol(built: Path, tmp_path: Path) -> None:
    file = tmp_path / "by-linux"
    guest, loader = (built / "guest.bin").read_bytes(), (built / "loader.bin").read_bytes()
    file.write_bytes(file_of(built / "kernel", guest, loader=loader))
    # The loader's command line names no device, so the serial port is the console.
    result = run(file, memory="64M", machine="microvm,acpi=off", ports=())
    assert (result.code, result.serial) == (0, b"hello from ring 3\n")


@pytest.mark.parametrize("memory", ["4M", "1G", "3G", "5G"])
def test_any_amount_of_memory(unikernel: Path, memory: str) -> None:
    result = run(unikernel, "test=memory", machine="q35", memory=memory)
    assert_clean(result)
    assert ("taken", 1) in result.values


@pytest.mark.parametrize("memory", ["4M", "40M", "64M", "200M"])
@pytest.mark.parametrize("machine", ["microvm", "pc", "q35"])
def test_fresh_memory_is_zero_whatever_firmware_left(unikernel: Path, machine: str, memory: str) -> None:
    assert run(unikernel, "test=dirty", machine=machine, memory=memory).values == [("dirty", 0)]


@pytest.mark.parametrize("machine", MACHINES)
def test_ten_megabytes_pass_unharmed(unikernel: Path, machine: str) -> None:
    data = os.urandom(10_000_000)
    result = run(unikernel, "test=pass", machine=machine, stdin=data)
    assert_clean(result)
    assert result.out == data


@pytest.mark.parametrize("machine", MACHINES)
def test_output_is_not_lost_at_the_end(unikernel: Path, machine: str) -> None:
    result = run(unikernel, "test=much", machine=machine)
    assert_clean(result)
    assert result.out.count(b"just before the end\n") == 200


def test_serial_alone_carries_all(unikernel: Path) -> None:
    result = run(unikernel, "test=streams", ports=())
    assert (result.code, result.serial) == (0, b"out\nerr\n")


def test_status_through_the_exit_device(unikernel: Path) -> None:
    extra = ("-device", "isa-debug-exit,iobase=0xf4,iosize=4")
    result = run(unikernel, "test=hello u2k.exit=0xf4", extra=extra)
    assert result.code == 42 << 1 | 1


@pytest.mark.parametrize("machine", MACHINES)
def test_host_sends_signal_and_window(unikernel: Path, machine: str) -> None:
    unknown = struct.pack("<HH3000s", 999, 3000, b"")
    words = unknown + window_message(50, 132) + signal_message(15)
    result = run(unikernel, "test=signal u2k.tty=24x80", machine=machine, when=(b"waiting\n", words))
    assert_clean(result)
    assert result.values == [("signal", 15), ("window", 50 << 16 | 132)]


def test_faults_as_linux_sees_them(unikernel: Path) -> None:
    result = run(unikernel, "test=faults")
    assert (result.out, result.status) == (b"survived\n", 42)
    lines = [dict(pair.split("=") for pair in line.split()[2:]) for line in result.log.decode().splitlines()]
    seen = [tuple(int(line[key]) for key in ("kind", "trap", "si", "access", "at")) for line in lines]
    kernel, page, at_pc, elsewhere = 128, 0, 1, 2  # SI_KERNEL has no address
    assert seen == [
        (2, 0, 1, 0, at_pc),  # FPE_INTDIV
        (1, 6, 2, 0, at_pc),  # ILL_ILLOPN
        (3, 3, kernel, 0, 0),
        *[(5, 13, kernel, 0, 0)] * 7,
        (page, 14, 0, 1, elsewhere),
        (page, 14, 0, 2, 0),
        (page, 14, 0, 4, at_pc),
        (3, 1, 2, 0, at_pc),  # TRAP_TRACE
        (2, 16, 3, 0, at_pc),  # FPE_FLTDIV
    ]


@pytest.mark.parametrize("cpu", CPUS)
def test_memory_and_fp_frames(unikernel: Path, cpu: str) -> None:
    result = run(unikernel, "test=memory", cpu=cpu)
    assert_clean(result)
    assert result.values == [
        *[("taken", 1), ("resident", 600), ("move", 0), ("left", 0), ("wrong", 0)],
        *[("none", 0), ("kept", 600), ("again", 0), ("wrong", 0), ("lost", 0), ("zero", 0), ("lost", 0)],
        *[("read", ord("x")), ("around", 16), ("written", ord("y")), ("beside", ord("x"))],
        *[("backing", ord("x")), ("lost", 0)],
        *[("frame", 1), ("restore", 0), ("hostile", 0), ("header", 0)],
        *[("nowhere", -14), ("nothing", -14), ("reset", 0), ("write", -14), ("write", -14)],
    ]


@pytest.mark.parametrize("cpu", CPUS)
def test_threads_keep_their_registers(unikernel: Path, cpu: str) -> None:
    result = run(unikernel, "test=threads", cpu=cpu)
    assert_clean(result)
    assert ("spoiled", 0) in result.values
    assert ("avx", int(cpu == "max")) in result.values


@pytest.mark.parametrize("machine", ["microvm,acpi=off", "q35"])
def test_clocks(unikernel: Path, machine: str) -> None:
    drifts = []
    for _ in range(3):  # a busy host sees the guest's lines late: the best of three tells the rate
        result = run(unikernel, "test=clock", machine=machine)
        assert_clean(result)
        values = dict(result.values)
        assert (values["found"], values["back"], values["agree"]) == (1, 0, 1)
        assert values["unknown"] == -22
        assert values["early"] >= 10_000_000 and values["long"] >= 500_000_000
        assert abs(values["wall"] / 1e9 - time.time()) < 10
        assert values["between"] >= 1_000_000_000
        # Set for 5 ms. Early is allowed while the rate of the counter is still being learnt: core looks at
        # the clock again and sets the timer anew.
        assert 2_500_000 <= values["timer"] < 1_000_000_000
        host = result.arrivals[b"end"] - result.arrivals[b"start"]
        drifts.append(abs(host / values["between"] - 1))
    assert min(drifts) < 0.05


@pytest.mark.parametrize("rate", ["", "tsc_early_khz=1000000"])
@pytest.mark.parametrize("machine", ["microvm,acpi=off", "pc", "q35"])
def test_a_resting_machine_wakes_for_its_own_timers(
    unikernel: Path, tmp_path: Path, machine: str, rate: str
) -> None:
    log = tmp_path / "trace"
    traced = ("-trace", "x86_gsi_interrupt", "-trace", "apic_mem_writel", "-D", str(log))
    assert_clean(run(unikernel, f"test=rest {rate}", machine=machine, extra=traced))
    events = log.read_text().splitlines()
    # Firmware lets the timer chip tick at 18 Hz. It may until we come, and at the end of its last round.
    ticks = sum("GSI interrupt #0 level:1" in line for line in events)
    # 40 times the program rests: once is the count set, twice if it ended early.
    counts = sum(" 0x380 " in line and not line.endswith(" 0x00000000") for line in events)
    assert ticks <= 8
    assert 40 <= counts < 60


def test_wall_clock_from_the_command_line(unikernel: Path) -> None:
    result = run(unikernel, "test=clock u2k.realtime=1000000000000000000")
    assert 1_000_000_000 <= dict(result.values)["wall"] / 1e9 < 1_000_000_060


def test_randomness_from_cpu_device_or_not_at_all(unikernel: Path) -> None:
    device = ("-device", "virtio-rng-device")
    assert run(unikernel, "test=random", cpu="max").values == [("random", 0), ("again", 0)]
    assert run(unikernel, "test=random", extra=device).values == [("random", 0), ("again", 0)]
    assert run(unikernel, "test=random").values == [("random", -38), ("again", -38)]


@pytest.mark.parametrize("test", ["panic", "wild"])
def test_panic_tells_where(unikernel: Path, built: Path, test: str) -> None:
    result = run(unikernel, f"test={test}")
    assert (result.code, result.status) == (0, 125)
    why = {"panic": "asked for, 42", "wild": "page fault"}[test]
    assert result.log.startswith(f"u2k: panic: {why}\n".encode())
    assert result.panic == result.log.decode()
    symbols = SymbolTable(built / "kernel")
    places = [symbols.name(int(line[8:], 16)) for line in result.panic.splitlines() if "u2k: at " in line]
    assert any(place and place.startswith("core_syscall+") for place in places)


@pytest.mark.parametrize("size", [1 << 40, 2**64 - 1])
def test_bundle_larger_than_memory_says_so(built: Path, tmp_path: Path, size: int) -> None:
    file = tmp_path / "large"
    file.write_bytes(file_of(built / "kernel", (built / "guest.bin").read_bytes(), size=size))
    result = run(file, "test=hello")
    assert result.status == 125
    assert b"do not fit into" in result.log and b"give more with -m" in result.log


def test_devices_named_behind_the_dashes_are_no_arguments(unikernel: Path) -> None:
    # QEMU appends virtio_mmio.device= at the end, wherever that is.
    assert run(unikernel, "test=hello -- a b").out == b"hello from ring 3\n"


def test_reader_gone_does_not_hang(unikernel: Path) -> None:
    ports = tuple(name for name in PORTS if name != "out")
    assert run(unikernel, "test=much", ports=ports).status == 42
