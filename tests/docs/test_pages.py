"""Every command of README.md and docs/ is run as it stands there, and must print what the page says.

A page is followed from its first ```console block to its last in an empty folder, with a home of its own, a
registry that has the images, a Docker engine where it says `docker`, and no other network.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from fixtures.build import build
from fixtures.errors import RecipeError
from tests.docs.images import IMAGES
from tests.docs.page import ISOLATED
from tests.docs.pages import blocks, commands_of
from tests.docs.unrun import UNRUN

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([ROOT / "README.md", *ROOT.glob("docs/**/*.md")])
SLOW = {
    "README.md",
    "docs/explanation/continuum.md",
    "docs/how-to/by-products.md",
    "docs/how-to/debug-missing-calls.md",
    "docs/how-to/docker-plugin.md",
    "docs/how-to/push-and-pull.md",
    "docs/how-to/reduce-size.md",
    "docs/how-to/slim-container.md",
    "docs/tutorial.md",
}
LIMIT = 300  # seconds a page may take on a busy machine
NEEDED = ("bash", "unshare", "ip", "docker-registry", "curl", "redis-cli", "jq")


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def runnable() -> list[object]:
    pages = [page for page in PAGES if commands_of(page)]
    return [
        pytest.param(page, id=name(page), marks=[pytest.mark.slow] if name(page) in SLOW else [])
        for page in pages
    ]


@pytest.fixture(scope="session")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What all pages of a test run share, whichever worker runs them."""
    absent = [program for program in NEEDED if shutil.which(program) is None]
    if absent or os.geteuid() != 0:
        pytest.skip(f"needs root, for namespaces of its own, and: {', '.join(absent) or 'nothing else'}")
    try:
        for recipe in sorted({named.recipe for named in IMAGES.values()}):
            build(recipe)
    except RecipeError as error:
        pytest.skip(str(error))
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "docs"
    folder.mkdir(exist_ok=True)
    return folder


def followed(page: Path, work: Path) -> subprocess.CompletedProcess[str]:
    """The page, run in namespaces of its own: nothing that it starts is left when it has ended."""
    namespaces = ["unshare", "--net", "--pid", "--fork", "--mount-proc", "--kill-child"]
    process = subprocess.Popen(
        [*namespaces, sys.executable, "-m", "tests.docs.page", page, work],
        cwd=ROOT,
        env={**os.environ, ISOLATED: "1", "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        said, _ = process.communicate(timeout=LIMIT)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        raise
    return subprocess.CompletedProcess(process.args, process.returncode, said)


@pytest.mark.parametrize("page", runnable())
def test_commands_do_what_the_page_says(page: Path, work: Path) -> None:
    done = followed(page, work)
    assert done.returncode == 0, f"{name(page)}, {done.stdout}"


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_no_command_is_left_out(page: Path) -> None:
    """What looks like a command and is in no console block stands in unrun.py, with its reason."""
    shown = [block for block in blocks(page.read_text()) if block.shows_commands and not block.runs]
    left_out = {block.lines[0].partition(" #")[0].strip() for block in shown}
    reviewed = set(UNRUN.get(name(page), {}))
    assert left_out == reviewed, "blocks with commands that are not run, and those in tests/docs/unrun.py"


def test_reasons_are_given() -> None:
    assert {name(page) for page in PAGES if commands_of(page)} >= SLOW
    assert set(UNRUN) <= {name(page) for page in PAGES}
    for page, reasons in UNRUN.items():
        for line, reason in reasons.items():
            assert re.search(r"\w+ \w+", reason), f"{page}: {line}"
