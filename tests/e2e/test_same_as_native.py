"""A unikernel's standard output, standard error and status are those of the same program run natively.

As root with skopeo and umoci the truth is a native run, and the recipe's own expectation is checked against
that too; elsewhere the truth is the recipe's expectation.
"""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from converter.image import open_image
from fixtures import recipe
from fixtures.recipe import Case
from tests.e2e import native

Command = Callable[..., subprocess.CompletedProcess[bytes]]

PLATFORMS = {
    "process": ("--on", "process"),
    "microvm": ("--on", "qemu", "--machine", "microvm"),
    "q35": ("--on", "qemu", "--machine", "q35"),
}
CASES = [
    pytest.param(name, case, id=f"{name}-{case.name}")
    for name in recipe.names()
    for case in recipe.cases(name)
]

# The second, larger set of images that need no network; see fixtures/README.md.
CORPUS_FOLDER = os.environ.get("U2K_CORPUS")
CORPUS = (
    "hello-c-static",
    "hello-c-dynamic",
    "hello-musl",
    "hello-musl-static",
    "hello-rust",
    "sqlite-batch",
)
CORPUS_ARGS = {"default": None, "arguments": ("a b", "", "c")}


@pytest.fixture(scope="module")
def natively() -> Iterator[Callable[[Path, Case], native.Result]]:
    """Run one case natively; an image is unpacked once a worker."""
    with tempfile.TemporaryDirectory(prefix="u2k-truth-") as folder:

        @functools.cache
        def bundle(archive: Path) -> native.Bundle:
            return native.unpack(archive, Path(tempfile.mkdtemp(dir=folder)))

        def result(archive: Path, case: Case) -> native.Result:
            return native.run(bundle(archive), case.args, case.env, case.stdin)

        yield result


def run(u2k: Command, platform: str, unikernel: Path, case: Case) -> native.Result:
    if platform != "process" and shutil.which("qemu-system-x86_64") is None:
        pytest.skip("qemu-system-x86_64 is not here (Debian: apt-get install qemu-system-x86)")
    words: list[str] = ["run", *PLATFORMS[platform], "-i"]
    for name, value in case.env.items():
        words += ["-e", f"{name}={value}"]
    done = u2k(*words, unikernel, *(case.args or ()), stdin=case.stdin or b"")
    return native.Result(done.stdout, done.stderr, done.returncode)


def assert_as_recipe_says(result: native.Result, case: Case) -> None:
    assert result.status == case.status, result.stderr.decode(errors="replace")
    assert case.stdout is None or result.stdout == case.stdout
    assert case.stderr is None or result.stderr == case.stderr


@pytest.mark.root
@pytest.mark.parametrize(("name", "case"), CASES)
def test_recipe_says_what_the_native_run_gives(
    name: str, case: Case, image: Callable[[str], Path], natively: Callable[[Path, Case], native.Result]
) -> None:
    if reason := native.missing():
        pytest.skip(reason)
    assert_as_recipe_says(natively(image(name), case), case)


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize(("name", "case"), CASES)
def test_fixture(
    name: str,
    case: Case,
    platform: str,
    u2k: Command,
    image: Callable[[str], Path],
    unikernel: Callable[[Path], Path],
    natively: Callable[[Path, Case], native.Result],
) -> None:
    archive = image(name)
    result = run(u2k, platform, unikernel(archive), case)
    assert_as_recipe_says(result, case)
    if native.missing() is None:
        assert result == natively(archive, case)


@pytest.mark.slow
@pytest.mark.root
@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("arguments", CORPUS_ARGS)
@pytest.mark.parametrize("name", CORPUS)
def test_corpus(
    name: str,
    arguments: str,
    platform: str,
    u2k: Command,
    unikernel: Callable[[Path], Path],
    natively: Callable[[Path, Case], native.Result],
    tmp_path: Path,
) -> None:
    if CORPUS_FOLDER is None:
        pytest.skip("U2K_CORPUS does not say where the corpus images are")
    archive = Path(CORPUS_FOLDER) / f"{name}.oci.tar"
    if not archive.exists():
        pytest.skip(f"no corpus image {archive}")
    if reason := native.missing():
        pytest.skip(reason)
    given = CORPUS_ARGS[arguments]
    config = open_image(str(archive)).config
    if given is not None and not config.entrypoint:
        given = (config.cmd[0], *given)  # arguments replace all of CMD, so they begin with the program
    case = Case(arguments, given, {}, None, None, None, 0)
    result = run(u2k, platform, unikernel(archive), case)
    assert result == natively(archive, case)
