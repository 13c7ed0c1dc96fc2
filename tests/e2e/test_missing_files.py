"""Files that a slim root lacks: the command that a run ends with brings each back, whatever its name."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from fixtures.compile import compiled
from tests.builders import oci
from tests.e2e.conftest import Command
from tests.e2e.subject import needs_gcc

pytestmark = needs_gcc
SOURCE = """
#include <stdio.h>
#include <string.h>
int main(int argc, char **argv)
{
    char line[100];
    for (int i = 1; i < argc; i++) {
        FILE *file = fopen(argv[i], "r");
        puts(file && fgets(line, sizeof line, file) ? line : "missing");
        if (file)
            fclose(file);
    }
    return 0;
}
"""
NAMES = [
    "plain",
    "it's [1]*?.txt",
    "a{b,c}.txt",
    "new\nline",
    "tab\there",
    "caf\u00e9",
    "back\\slash",
    "$(id) `id`",
    "-n",
    "x" * 250,
    "d" * 100 + "/" + "e" * 100 + "/" + "f" * 100,
]
FOLDER = "/usr/share/doc/p/"


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    source = tmp_path / "cat.c"
    source.write_text(SOURCE)
    listed = "".join(f"{FOLDER}{name}\n" for name in NAMES if "\n" not in name)
    layer = oci.layer(
        oci.file("bin/cat", compiled(source, "gcc", ["-static"]), mode=0o755),
        *(oci.file(FOLDER[1:] + name, f"file {number}".encode()) for number, name in enumerate(NAMES)),
        oci.symlink("usr/share/link", "doc/p"),
        oci.file(
            "var/lib/dpkg/status",
            b"Package: p\nStatus: install ok installed\nVersion: 1\nArchitecture: amd64\n\n",
        ),
        oci.file("var/lib/dpkg/info/p.list", listed.encode()),
    )
    layout = oci.simple_layout([layer], run={"Entrypoint": ["/bin/cat"]})
    return oci.write_tar(tmp_path / "an image.tar", layout)


def test_the_command_brings_them_back(u2k: Command, archive: Path, tmp_path: Path) -> None:
    made = tmp_path / "it is.u2k"
    assert u2k("convert", archive, "-o", made).returncode == 0
    paths = [FOLDER + name for name in NAMES] + ["/usr/share/link/plain", "/bin/../usr/./share//link/-n"]
    missing = u2k("run", "--on", "process", made, *paths)
    assert missing.stdout == b"missing\n" * len(paths)
    (line,) = [line for line in missing.stderr.split(b"\n") if line.startswith(b"u2k: next: ")]
    assert u2k(*shlex.split(line.decode())[3:]).returncode == 0
    found = u2k("run", "--on", "process", made, *paths)
    numbers = [*range(len(NAMES)), 0, NAMES.index("-n")]
    assert found.stdout.decode() == "".join(f"file {number}\n" for number in numbers)
    assert found.stderr == b""
