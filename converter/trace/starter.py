"""The sandbox's first program (start/start.c), compiled for this host once and kept."""

from __future__ import annotations

import hashlib
import platform
from pathlib import Path

from converter.cache.folder import cache_folder, made_once
from converter.errors import RunError
from converter.link import toolchain
from converter.link.architecture import ARCHITECTURES

_FOLDER = Path(__file__).parent / "start"


def starter() -> Path:
    """The executable. Errors: ToolchainError, RunError on a host that it is not written for."""
    machines = [each for each in ARCHITECTURES if each.name == platform.machine()]
    if not machines:
        raise RunError(
            f"programs cannot be traced on a {platform.machine()} host",
            hint="trace on an x86_64 or aarch64 Linux host",
        )
    source, script = _FOLDER / "start.c", _FOLDER / "start.lds"
    parts = (source.read_bytes(), script.read_bytes(), toolchain.identity(machines[0]).encode())
    key = hashlib.sha256(b"\0".join(parts)).hexdigest()[:32]

    def make(out: Path) -> None:
        compiled = out.with_suffix(".o")
        try:
            toolchain.compile_object(source, compiled, machines[0], [])
            toolchain.link(out, script, [compiled])
        finally:
            compiled.unlink(missing_ok=True)
        out.chmod(0o755)

    return made_once(cache_folder("trace") / f"start-{key}", make)
