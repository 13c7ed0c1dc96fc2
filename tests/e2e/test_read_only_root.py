"""A root that nothing writes: the kernel has no part for it, the files that an engine makes are there."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from fixtures.host_program import pack
from tests.e2e.conftest import Command
from tests.e2e.subject import PLATFORMS, needs_gcc

pytestmark = needs_gcc

SOURCE = r"""
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
static void show(const char *name, const char *mode)
{
    char line[64] = "";
    FILE *f = fopen(name, mode);
    printf("%s %s: %s\n", name, mode, f ? "open" : strerror(errno));
    if (f && fgets(line, sizeof line, f))
        printf("  %s", line);
}
int main(void)
{
    struct stat st;
    show("/etc/hostname", "r");
    show("/etc/hosts", "r");
    show("/none", "r");
    printf("proc: %s\n", stat("/proc", &st) ? strerror(errno) : "there");
#ifdef WRITES
    show("/new", "w");
    show("/etc/hosts", "r+");
    printf("%d\n", open("/tmp", O_TMPFILE | O_RDWR, 0600));
#endif
}
"""
READ = (
    "/etc/hostname r: open\n  u2k\n/etc/hosts r: open\n  127.0.0.1\tlocalhost\n"
    "/none r: No such file or directory\nproc: there\n"
)
WROTE = "/new w: Read-only file system\n/etc/hosts r+: Read-only file system\n-1\n"


def converted(
    u2k: Command, folder: Path, *options: str, defines: tuple[str, ...] = ()
) -> tuple[Path, dict[str, object]]:
    source, program = folder / "reads.c", folder / "reads"
    source.write_text(SOURCE)
    command = ["gcc", "-O2", "-static", "-D_GNU_SOURCE", *defines, str(source), "-o", str(program)]
    subprocess.run(command, check=True)
    pack(str(program), folder / "reads.oci.tar", "reads")
    done = u2k("convert", folder / "reads.oci.tar", "-o", folder / "reads.u2k", "--json", *options)
    assert done.returncode == 0, done.stderr.decode()
    return folder / "reads.u2k", json.loads(done.stdout)["manifest"]


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_program_that_only_reads(u2k: Command, tmp_path: Path, platform: tuple[str, ...]) -> None:
    unikernel, manifest = converted(u2k, tmp_path)
    assert "writable" not in manifest["parts"]  # type: ignore[operator]
    done = u2k("run", *platform, unikernel)
    assert (done.returncode, done.stdout.decode(), done.stderr) == (0, READ, b"")


@pytest.mark.parametrize("platform", PLATFORMS)
def test_writing_where_it_was_left_out_is_told(
    u2k: Command, tmp_path: Path, platform: tuple[str, ...]
) -> None:
    unikernel, manifest = converted(u2k, tmp_path, "--drop", "writable", defines=("-DWRITES",))
    assert "writable" not in manifest["parts"]  # type: ignore[operator]
    done = u2k("run", *platform, unikernel)
    assert (done.returncode, done.stdout.decode()) == (0, READ + WROTE)
    assert b"part writable is not in this unikernel" in done.stderr and b"--add-part writable" in done.stderr


def test_a_program_that_writes_has_the_part(u2k: Command, tmp_path: Path) -> None:
    _, manifest = converted(u2k, tmp_path, defines=("-DWRITES",))
    assert "writable" in manifest["parts"]  # type: ignore[operator]
