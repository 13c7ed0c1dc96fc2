"""/proc is several parts: a program gets those whose files it names, and is told of what it has not."""

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
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
int main(void)
{
    char line[80] = "";
    FILE *f = fopen("/proc/meminfo", "r");
    printf("%s", f && fgets(line, 10, f) ? line : strerror(errno));
    DIR *d = opendir("/proc");
    int named = 0, all = 0;
    for (struct dirent *e; d && (e = readdir(d)); all++)
        named += strcmp(e->d_name, "meminfo") == 0 || strcmp(e->d_name, "version") == 0;
    printf("\n%d of %d\n", named, all);
}
"""


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize(
    ("options", "output", "told"),
    [
        ((), "MemTotal:\n2 of 16\n", b""),
        (("--drop", "procmachine"), "No such file or directory\n1 of 11\n", b"procmachine"),
    ],
)
def test_a_file_and_its_part(
    u2k: Command,
    tmp_path: Path,
    platform: tuple[str, ...],
    options: tuple[str, ...],
    output: str,
    told: bytes,
) -> None:
    source, program = tmp_path / "reads.c", tmp_path / "reads"
    source.write_text(SOURCE)
    subprocess.run(["gcc", "-O2", "-static", str(source), "-o", str(program)], check=True)
    pack(str(program), tmp_path / "reads.oci.tar", "reads")
    made = tmp_path / "reads.u2k"
    done = u2k("convert", tmp_path / "reads.oci.tar", "-o", made, "--json", *options)
    assert done.returncode == 0, done.stderr.decode()
    assert ("procmachine" in json.loads(done.stdout)["manifest"]["parts"]) is not bool(told)
    done = u2k("run", *platform, made)
    assert (done.returncode, done.stdout.decode()) == (0, output)
    assert (b"part procmachine is not in this unikernel" in done.stderr) is bool(told)
