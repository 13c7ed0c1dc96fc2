"""Reading a local archive loads none of the modules that take long to load."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.builders import oci

SCRIPT = """
import sys
from converter.image import file_tree, open_image
file_tree(open_image(sys.argv[1]))
print(*sys.modules)
"""


def test_a_local_archive_needs_only_the_standard_library(tmp_path: Path) -> None:
    archive = oci.write_tar(tmp_path / "a.tar", oci.simple_layout([oci.layer(oci.file("a"))]))
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(archive)],
        capture_output=True,
        text=True,
        check=True,
        env={"U2K_CACHE_DIR": str(tmp_path / "cache"), "PYTHONPATH": ":".join(filter(None, sys.path))},
    )
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert "converter" in loaded
    assert not loaded & {"lief", "docker", "requests", "urllib3", "zstandard", "rich", "typer", "iced_x86"}
