"""libFuzzer on parts of the library OS: the inputs that are kept, and what comes of them in some seconds."""

from __future__ import annotations

import os
import subprocess
from base64 import b64decode, b64encode
from pathlib import Path

_SECONDS = 5


def fuzz(program: Path, corpus: Path, folder: Path, *options: str) -> None:
    """Runs `program` on each input of `corpus`, and on what comes of them for U2K_FUZZ_SECONDS (default 5).

    corpus: one input a line, in base64
    folder: for what is made; it is empty
    """
    seeds = folder / "seeds"
    seeds.mkdir()
    for number, line in enumerate(corpus.read_text().splitlines()):
        (seeds / f"{number:04}").write_bytes(b64decode(line))
    seconds = os.environ.get("U2K_FUZZ_SECONDS", str(_SECONDS))
    limits = ["-timeout=20", f"-max_total_time={seconds}", f"-artifact_prefix={folder}/"]
    done = subprocess.run(
        [program, *limits, *options, seeds], capture_output=True, text=True, errors="replace", check=False
    )
    # The folder goes with the test: what it ends by is told as a line for the corpus.
    found = [b64encode(path.read_bytes()).decode() for path in folder.glob("*-*") if path.is_file()]
    assert done.returncode == 0, "\n".join([done.stderr[-4000:], *found])
