"""The guest's instruction counter, live: scripts/measure/instructions.c, its number in a shared file."""

from __future__ import annotations

import struct
import subprocess
from pathlib import Path

SOURCE = Path(__file__).resolve().parent.parent / "instructions.c"


class Counter:
    """`options` for QEMU's command line; `read` the instructions since reset."""

    def __init__(self, folder: Path, name: str) -> None:
        self._plugin = folder / "instructions.so"
        self._file = folder / f"{name}.count"
        if not self._plugin.exists():
            gcc = ["gcc", "-O2", "-shared", "-fPIC", "-o", str(self._plugin), str(SOURCE)]
            subprocess.run(gcc, check=True)
        self._file.write_bytes(bytes(8))

    @property
    def options(self) -> list[str]:
        return ["-plugin", f"{self._plugin},live={self._file}"]

    def read(self) -> int:
        return int(struct.unpack("=Q", self._file.read_bytes())[0])
