"""Programs that need what is not there are refused before anything is built; their neighbours are not.

The programs are in tests/guest/refused; each is compiled twice, once so that it must be refused, and once so
that it just need not.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from converter.trace.sandbox import check
from fixtures.host_program import closure
from tests.builders import oci
from tests.e2e.conftest import Command
from tests.e2e.refusal import Refuser

SOURCES = Path(__file__).parents[1] / "guest/refused"
LIBRARIES = "usr/lib/app"
SANDBOX = check()
pytestmark = pytest.mark.skipif(
    shutil.which("gcc") is None or os.uname().machine != "x86_64", reason="needs gcc, x86-64"
)


@dataclass
class Images:
    """Images of programs that are compiled here; `cache` is used for nothing but refusals."""

    folder: Path
    cache: Path

    def compiled(self, name: str, *flags: str, source: str = "") -> Path:
        out = self.folder / name
        command = [
            "gcc",
            "-O2",
            "-Wall",
            "-Wextra",
            "-Werror",
            "-o",
            str(out),
            str(SOURCES / (source or f"{name}.c")),
        ]
        subprocess.run([*command, *flags], check=True, capture_output=True)
        return out

    def archive(self, program: Path, *entries: oci.Entry, **run: object) -> Path:
        """/bin/NAME alone, with its libraries if it has any; `run` is the image's configuration."""
        files = [oci.file(f"bin/{program.name}", program.read_bytes(), mode=0o755), *entries]
        ours = {str(self.folder)}
        for path in closure(program):
            name = f"{LIBRARIES}/{path.name}" if str(path.parent) in ours else str(path)
            files.append(oci.file(name.lstrip("/"), path.read_bytes(), mode=0o755))
        settings = {"Cmd": [f"/bin/{program.name}"], "Env": [f"LD_LIBRARY_PATH=/{LIBRARIES}"], **run}
        return oci.write_tar(
            self.folder / f"{program.name}.tar", oci.simple_layout([oci.layer(*files)], run=settings)
        )

    def refused(self, archive: Path, *says: str, options: Sequence[str] = ()) -> str:
        """Status 3 and the complaint; nothing of the library OS was compiled for it."""
        refuser = Refuser(self.folder)
        said = refuser(archive, 3, *says, options=options, U2K_CACHE_DIR=str(self.cache)).stderr
        assert "--allow-unsupported" in said
        made = {path.name for path in self.cache.iterdir()}
        assert "layers" in made
        assert not made & {"libos", "kernels"}, made
        return said


@pytest.fixture
def images(tmp_path: Path, shared_folder: Path) -> Images:
    cache = shared_folder / "refusals"
    cache.mkdir(exist_ok=True)
    return Images(tmp_path, cache)


@pytest.fixture
def accepted(u2k: Command, tmp_path: Path) -> Callable[..., bytes]:
    """The output of an image that must be converted; it runs in a process."""

    def converted(archive: Path, *options: str) -> bytes:
        out = tmp_path / "accepted.u2k"
        done = u2k("convert", "--force", archive, "-o", out, *options)
        assert done.returncode == 0, done.stderr.decode()
        return u2k("run", "--on", "process", out).stdout

    return converted


def test_the_cache_of_a_conversion_has_what_refusals_must_not_make(
    images: Images, u2k: Command, tmp_path: Path
) -> None:
    """Else the check of `refused` would hold whatever the converter did."""
    cache = Path(os.environ.get("U2K_CACHE_DIR") or Path.home() / ".cache/u2k")
    archive = images.archive(images.compiled("module", "-static", "-DLOADED"))
    assert u2k("convert", archive, "-o", tmp_path / "x.u2k").returncode == 0
    assert {path.name for path in cache.iterdir()} >= {"libos", "kernels"}


@pytest.mark.parametrize("link", ["-static", "-pie"])
def test_io_uring_and_nothing_else(images: Images, accepted: Callable[..., bytes], link: str) -> None:
    only = images.archive(images.compiled("io_uring", link))
    images.refused(only, "needs io_uring, which is missing", "no other way to wait", "number from")
    either = images.archive(images.compiled("io_uring", link, "-DFALLBACK"))
    accepted(either)


def test_kernel_modules(images: Images, accepted: Callable[..., bytes]) -> None:
    archive = images.archive(images.compiled("module", "-static"))
    images.refused(archive, "needs kernel modules", "/bin/module: ")
    assert accepted(images.archive(images.compiled("module", "-static", "-DLOADED"))) == b"no modules\n"


def test_the_library_of_a_gpu(images: Images, accepted: Callable[..., bytes]) -> None:
    def linked(name: str) -> Path:
        library = images.compiled(name, "-shared", "-fPIC", f"-Wl,-soname,{name}", source="compute.c")
        rpath = f"-Wl,-rpath,{images.folder}"
        return images.archive(images.compiled("gpu", str(library), rpath))

    said = images.refused(linked("libcudart.so.12"), "needs a GPU", "/bin/gpu: DT_NEEDED libcudart.so.12")
    assert f"/{LIBRARIES}/libcudart.so.12" in said
    accepted(linked("libcompute.so.1"))


def test_the_driver_of_a_gpu_is_on_the_host(images: Images) -> None:
    """libcuda.so.1 is in no image: it is mounted into containers."""
    driver = images.compiled(
        "libcuda.so.1", "-shared", "-fPIC", "-Wl,-soname,libcuda.so.1", source="compute.c"
    )
    program = images.compiled("gpu", str(driver), f"-Wl,-rpath,{images.folder}")
    layer = oci.layer(
        oci.file("bin/gpu", program.read_bytes(), mode=0o755),
        *(
            oci.file(str(path).lstrip("/"), path.read_bytes(), mode=0o755)
            for path in closure(program)
            if path.parent != images.folder
        ),
    )
    archive = oci.write_tar(images.folder / "x.tar", oci.simple_layout([layer], run={"Cmd": ["/bin/gpu"]}))
    Refuser(images.folder)(archive, 3, "needs a GPU", "part of NVIDIA's driver", "DT_NEEDED libcuda.so.1")


def test_the_environment_asks_for_a_gpu(images: Images, accepted: Callable[..., bytes]) -> None:
    program = images.compiled("module", "-static", "-DLOADED")
    archive = images.archive(program, Env=["NVIDIA_VISIBLE_DEVICES=all"])
    images.refused(archive, "needs a GPU", "ENV NVIDIA_VISIBLE_DEVICES=all", "-e NVIDIA_VISIBLE_DEVICES=void")
    assert accepted(archive, "-e", "NVIDIA_VISIBLE_DEVICES=void") == b"no modules\n"


def scripted(images: Images, script: str, program: Path) -> Path:
    """An image that starts a script of /bin/dash beside `program`."""
    shell = Path("/bin/dash")
    libraries = [path for path in closure(shell) if path not in closure(program)]
    return images.archive(
        program,
        oci.file("bin/dash", shell.read_bytes(), mode=0o755),
        oci.file("entry.sh", f"#!/bin/dash\n{script}\n".encode(), mode=0o755),
        *(oci.file(str(path).lstrip("/"), path.read_bytes(), mode=0o755) for path in libraries),
        Cmd=["/entry.sh"],
        Env=["PATH=/bin"],
    )


@pytest.mark.skipif(not Path("/bin/dash").exists(), reason="needs dash")
def test_scripts(images: Images, accepted: Callable[..., bytes]) -> None:
    program = images.compiled("process", "-DOPTION", "-static")
    images.refused(
        scripted(images, "process &\nexec process", program),
        "more than one process",
        "/entry.sh, line 2: starts a process in the background",
    )
    images.refused(
        scripted(images, "process\necho done", program),
        "more than one process",
        "/entry.sh, line 2: runs /bin/process",
    )
    images.refused(
        scripted(images, "process || exit 1\nexec process", program),
        "an entrypoint that can be read", "/entry.sh, line 2: runs process", "--trace", "--program process",
    )  # fmt: skip
    assert accepted(scripted(images, "echo one\nexec process", program)) == b"alone\n"
    assert accepted(scripted(images, "for x in 1 2; do echo $x; done", program)) == b"1\n2\n"


@pytest.mark.skipif(not Path("/bin/dash").exists(), reason="needs dash")
def test_run_with_what_the_script_asks_for(images: Images, u2k: Command) -> None:
    script = '[ "$APP_MODE" ] || { echo APP_MODE must be set >&2; exit 1; }\nexec process'
    archive = scripted(images, script, images.compiled("process", "-DOPTION", "-static"))
    refused = u2k("run", "--on", "process", archive)
    assert refused.returncode == 125
    assert b"-e APP_MODE=VALUE" in refused.stderr
    ran = u2k("run", "--on", "process", "-e", "APP_MODE=1", archive)
    assert (ran.returncode, ran.stdout) == (0, b"alone\n"), ran.stderr


@pytest.mark.parametrize("flags", [(), ("-static",), ("-s",), ("-O0",)], ids=" ".join)
def test_a_process_whatever_happens(images: Images, flags: tuple[str, ...]) -> None:
    archive = images.archive(images.compiled("process", *flags))
    images.refused(archive, "makes a process whatever happens", "fork, on each way from", "_Fork+0x")


@pytest.mark.skipif("work" not in SANDBOX.found, reason=f"no sandbox here: {SANDBOX.found}")
def test_processes_that_a_run_shows(images: Images, accepted: Callable[..., bytes]) -> None:
    """Of a stripped static program reading knows only that it can fork. That it does is seen."""
    archive = images.archive(images.compiled("process", "-static", "-s"))
    accepted(archive)
    images.refused(archive, "more than one process", "made 1 processes of itself", options=("--trace",))
    alone = images.archive(images.compiled("process", "-static", "-DOPTION"))
    assert accepted(alone, "--trace") == b"alone\n"


def test_it_is_converted_when_that_is_allowed(images: Images, u2k: Command, tmp_path: Path) -> None:
    archive, out = images.archive(images.compiled("process")), tmp_path / "process.u2k"
    done = u2k("convert", "--allow-unsupported", archive, "-o", out)
    assert done.returncode == 0, done.stderr.decode()
    assert b"unsupported needs more than one process, which is missing: it makes a process" in done.stdout
    again = u2k("convert", "--allow-unsupported", "--force", "--json", archive, "-o", out)
    assert b'"need": "more than one process"' in again.stdout
    assert b'"allow-unsupported": "yes"' in again.stdout
    ran = u2k("run", "--on", "process", out)
    assert ran.returncode == 1


def test_run_and_profile(images: Images, u2k: Command) -> None:
    archive = images.archive(images.compiled("process"))
    refused = u2k("run", "--on", "process", archive)
    assert refused.returncode == 125
    assert b"needs more than one process" in refused.stderr
    allowed = u2k("run", "--on", "process", "--allow-unsupported", archive)
    assert allowed.returncode == 1
    noted = u2k("profile", archive)
    assert noted.returncode == 0
    assert b"note: needs more than one process, which is missing" in noted.stdout
    quiet = images.archive(images.compiled("process", "-DOPTION"))
    assert b"note: needs" not in u2k("profile", quiet).stdout
