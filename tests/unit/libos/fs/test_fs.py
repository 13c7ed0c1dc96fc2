"""The library OS's files, compiled for the host with sanitizers and called through the system calls."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent
LIBOS = HERE.parents[3] / "libos"
CASES = re.findall(r'\{"(\w+)", \w+\}', "".join(path.read_text() for path in sorted(HERE.glob("*.c"))))
FLAGS = [
    "-std=gnu17", "-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-fno-builtin",
    "-Wall", "-Wextra", "-Wno-missing-field-initializers",
    f"-I{LIBOS}/include", f"-I{LIBOS}/arch/x86_64/include",
]  # fmt: skip


def sources() -> list[Path]:
    calls = ["open", "io", "size", "stat", "dir", "cwd", "attr", "xattr", "fcntl", "flock", "poll", "splice"]
    core = [LIBOS / f"core/{name}.c" for name in ("format", "cursor", "optional")]
    shared = [LIBOS / f"abi/{name}.c" for name in ("file", "wait")]
    own = [*shared, *(LIBOS / f"abi/sys_{name}.c" for name in calls), *core]
    files = [path for path in sorted(LIBOS.glob("fs/*/*.c")) if path.parent.name not in ("netfs", "netclass")]
    return [*files, *own, LIBOS / "arch/x86_64/cpuinfo.c"]


@pytest.fixture(scope="session")
def compiler() -> str:
    found = shutil.which("clang-14") or shutil.which("clang") or shutil.which("gcc")
    if found is None or os.uname().machine != "x86_64":
        pytest.skip("needs a host compiler with sanitizers, on x86-64")
    return found


@pytest.fixture(scope="session")
def program(compiler: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("fs") / "fs_test"
    mine = [HERE / f"{name}.c" for name in ("main", "stub", "names", "data", "io", "special", "left_out")]
    subprocess.run([compiler, *FLAGS, "-o", out, *mine, *sources()], check=True)
    return out


@pytest.fixture(scope="session")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("tree")
    root.chmod(0o755)
    for name in ("etc", "many", "tmp", "dir", "dir/full"):
        (root / name).mkdir()
    (root / "tmp").chmod(0o1777)
    (root / "etc/motd").write_text("welcome\n")
    (root / "etc/hosts").touch()
    (root / "etc/resolv.conf").write_text("nameserver 9.9.9.9\n")
    os.setxattr(root / "etc/motd", "user.origin", b"image")
    (root / "big").write_bytes(bytes((i * 7 + i // 4096) % 256 for i in range(20000)))
    (root / "prog").write_bytes(b"\x7fELF")
    (root / "prog").chmod(0o755)
    (root / "hard-a").write_text("hard")
    (root / "hard-b").hardlink_to(root / "hard-a")
    for link, target in {
        "link-to-motd": "etc/motd",
        "etc-link": "/etc",
        "loop": "loop",
        "dangling": "no",
    }.items():
        (root / link).symlink_to(target)
    for number in range(500):
        (root / f"many/file-{number:03}").write_text(str(number))
    return root


def small_images(folder: Path) -> None:
    """Seeds: a few files of each kind, in the layouts that there are."""
    tree = folder.parent / "small"
    (tree / "d/e").mkdir(parents=True)
    (tree / "file").write_bytes(b"x" * 5000)
    (tree / "d/short").write_text("short")
    os.setxattr(tree / "d/short", "user.x", b"value")
    os.setxattr(tree / "file", "user.x", b"value")
    (tree / "d/link").symlink_to("../file")
    (tree / "d/e/hard").hardlink_to(tree / "file")
    os.mkfifo(tree / "fifo")
    folder.mkdir()
    options: list[list[str]] = [[], ["-E", "noinline_data"], ["--chunksize=4096"], ["-x-1"], ["-x0"]]
    for number, extra in enumerate(options):
        command = ["mkfs.erofs", *extra, str(folder / str(number)), str(tree)]
        subprocess.run(command, check=True, capture_output=True)


def test_hostile_images_never_crash(compiler: str, tmp_path: Path) -> None:
    if "clang" not in compiler or not shutil.which("mkfs.erofs"):
        pytest.skip("needs clang's libFuzzer and mkfs.erofs")
    seconds = int(os.environ.get("U2K_FUZZ_SECONDS", "8"))
    small_images(tmp_path / "seeds")
    out = tmp_path / "fuzz"
    flags = [flag.replace("address", "fuzzer,address") for flag in FLAGS]
    mine = [HERE / "fuzz.c", HERE / "stub.c"]
    subprocess.run([compiler, *flags, "-o", out, *mine, *sources()], check=True)
    limits = ["-max_len=65536", "-rss_limit_mb=4000", "-timeout=20", "-detect_leaks=0", "-len_control=0"]
    command = [
        out,
        *limits,
        f"-max_total_time={seconds}",
        f"-artifact_prefix={tmp_path}/",
        tmp_path / "seeds",
    ]
    quiet = os.environ | {"ASAN_OPTIONS": "detect_leaks=0"}  # what a mounted root holds is never given back
    done = subprocess.run(command, capture_output=True, text=True, env=quiet)
    assert done.returncode == 0, done.stderr[-4000:]


@pytest.fixture(scope="session", params=[[], ["-E", "noinline_data"], ["--chunksize=4096"]], ids=str)
def image(request: pytest.FixtureRequest, tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same tree with inlined tails, without, and in chunks."""
    if not shutil.which("mkfs.erofs"):
        pytest.skip("needs mkfs.erofs")
    out = tmp_path_factory.mktemp("image") / "root.erofs"
    command = ["mkfs.erofs", "--all-root", "-T1700000000", *request.param, str(out), str(tree)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return out


@pytest.mark.parametrize("case", CASES)
def test_case(program: Path, image: Path, case: str) -> None:
    done = subprocess.run([program, image, case], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_every_case_is_known_to_the_program(program: Path, image: Path) -> None:
    listed = subprocess.run([program, image], capture_output=True, text=True, check=True).stdout.split()
    assert sorted(listed) == sorted(CASES)
