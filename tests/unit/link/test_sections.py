"""The profile that a unikernel file carries: read back, ignored by loaders, and hostile ones refused."""

from __future__ import annotations

import bz2
import shutil
import struct
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from converter.errors import UsageError
from converter.link.architecture import X86_64
from converter.link.image_header import EHDR, SHDR
from converter.link.kernel import link_kernel
from converter.link.sections import PROFILE_SECTION, read_profile_section
from converter.link.unikernel import write_unikernel
from tests.unit.link.test_manifest import manifest
from tests.unit.link.test_unikernel_file import LAYOUT, RECORD

TEXT = b'{"schema":1}' * 500


@pytest.fixture(params=["vm", "process"])
def made(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    kernel, path = link_kernel(request.param, X86_64), tmp_path / "made.u2k"
    with path.open("w+b", buffering=0) as out:
        write_unikernel(kernel, RECORD, LAYOUT, replace(manifest(), target=kernel.platform), out, TEXT)
    return path


def header_at(path: Path) -> int:
    """File offset of the profile's section header, which is the last one."""
    fields = EHDR.unpack_from(path.read_bytes())
    return int(fields[6]) + (fields[12] - 1) * SHDR.size


def test_the_profile_is_read_back(made: Path) -> None:
    assert read_profile_section(made, 1 << 20) == TEXT


def test_other_tools_see_it_too(made: Path) -> None:
    if shutil.which("readelf") is None:
        pytest.skip("readelf is not installed (Debian: apt-get install binutils)")
    done = subprocess.run(["readelf", "-SW", str(made)], capture_output=True, text=True, check=True)
    assert PROFILE_SECTION.decode() in done.stdout
    assert "Warning" not in done.stderr


def test_a_file_without_one(tmp_path: Path) -> None:
    path = tmp_path / "made.u2k"
    with path.open("w+b", buffering=0) as out:
        write_unikernel(link_kernel("process", X86_64), RECORD, LAYOUT, manifest(), out)
    assert read_profile_section(path, 1 << 20) is None


def test_more_than_is_allowed_is_refused(made: Path) -> None:
    with pytest.raises(UsageError, match="damaged"):
        read_profile_section(made, len(TEXT) - 1)


def test_damage_is_refused(made: Path) -> None:
    data = bytearray(made.read_bytes())
    offset, size = struct.unpack_from("<QQ", data, header_at(made) + 24)
    assert bz2.decompress(data[offset : offset + size]) == TEXT
    for change in (
        (offset, b"no bzip2 at all"),
        (header_at(made) + 24, struct.pack("<Q", (1 << 63) + 5)),
        (header_at(made) + 32, struct.pack("<Q", 1 << 40)),
        (header_at(made) + 32, struct.pack("<Q", size - 1)),
    ):
        damaged = bytearray(data)
        damaged[change[0] : change[0] + len(change[1])] = change[1]
        made.write_bytes(damaged)
        with pytest.raises(UsageError, match="damaged"):
            read_profile_section(made, 1 << 20)
