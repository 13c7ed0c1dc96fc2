"""A guest's standard output, standard error and status are those of the same program run natively.

Guests print facts, one a line (check.h), so the assertion's diff shows which call is wrong.
"""

from __future__ import annotations

import signal
from collections.abc import Callable
from difflib import unified_diff
from pathlib import Path

import pytest

from converter.run.kvm import kvm_works, qemu_binary
from tests.guest.conftest import Built, Result, as_unikernel, natively
from tests.guest.guests import Case, Guest, all_guests

PLATFORMS = {
    "process": ("--on", "process", "--fast-calls-after", "1"),
    "process-trapped": ("--on", "process", "--no-fast-calls"),
    "qemu": ("--on", "qemu", "--machine", "microvm,acpi=off"),
}
# Where it matters how the program is linked, both for rewritten calls and for trapped ones.
BOTH_WAYS = {"calls", "context", "exec", "faults", "threads"}


def runs_on(guest: Guest, variant: str, platform: str) -> bool:
    return platform != "process-trapped" or variant == guest.variants[0] or guest.name in BOTH_WAYS


CASES = [
    pytest.param(guest, variant, case, platform, id=f"{guest.name}-{variant}-{case.name}-{platform}")
    for guest in all_guests()
    for variant in guest.variants
    for case in guest.cases
    for platform in PLATFORMS
    if runs_on(guest, variant, platform)
]


def lines(result: Result) -> list[str]:
    """What is compared, in a form whose differences can be read."""
    out = [f"out: {line!r}" for line in result.stdout.splitlines(keepends=True)]
    err = [f"err: {line!r}" for line in result.stderr.splitlines(keepends=True)]
    return [*out, *err, f"status: {result.status}"]


def difference(truth: Result, result: Result) -> str:
    """Only what differs, lines with `-` are the native run's."""
    return "\n".join(unified_diff(lines(truth), lines(result), "native", "unikernel", n=2, lineterm=""))


def emulated(binary: Path | None) -> bool:
    return binary is None or not kvm_works(binary)[0]


@pytest.mark.parametrize(("guest", "variant", "case", "platform"), CASES)
def test_same_as_native(
    guest: Guest, variant: str, case: Case, platform: str, built: Callable[[Guest, str], Built]
) -> None:
    if platform == "qemu" and not case.emulation and emulated(qemu_binary("amd64")):
        pytest.skip("without KVM: QEMU's emulation is no real processor in this")
    files = built(guest, variant)
    truth = natively(files.program, guest, case)
    # Guests that could wait for ever set an alarm; what stands behind it would never be compared.
    wrong = {99: "the guest itself is wrong", 128 + signal.SIGALRM: "the guest waits for ever"}
    assert truth.status not in wrong, f"{wrong[truth.status]}, natively: {truth.stdout[-200:]!r}"
    result = as_unikernel(files.unikernel, guest, case, PLATFORMS[platform])
    if result != truth:
        pytest.fail(difference(truth, result), pytrace=False)


def test_every_folder_is_run() -> None:
    """By a guest.toml, or by a test of its own that names it."""
    here = Path(__file__).parent
    other_tests = "".join(path.read_text() for path in here.parent.glob("*/*.py"))
    folders = {path.parent for path in here.glob("*/*.c")}
    left_out = [path.name for path in folders if not (path / "guest.toml").exists()]
    assert [name for name in left_out if f"guest/{name}" not in other_tests] == []
