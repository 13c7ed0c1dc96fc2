"""Signatures by cosign (https://docs.sigstore.dev/cosign/signing/overview/), if it is there."""

from __future__ import annotations

import shutil
import subprocess

from converter.errors import U2kError, UsageError


def cosign_binary() -> str:
    """Before any long work. UsageError when cosign is not on PATH."""
    found = shutil.which("cosign")
    if found is None:
        raise UsageError(
            "cosign is not installed", where="--sign", hint="see docs.sigstore.dev, or push without --sign"
        )
    return found


def sign(reference: str, digest: str, key: str | None) -> None:
    """Sign the manifest `digest` of REGISTRY/REPOSITORY:TAG, with a key or by cosign's own way of logging in.

    cosign has the terminal: it may ask for a password. U2kError when it fails.
    """
    name = f"{reference.rpartition(':')[0]}@{digest}"
    command = [cosign_binary(), "sign", "--yes", *(["--key", key] if key else []), name]
    done = subprocess.run(command, check=False)
    if done.returncode != 0:
        raise U2kError(
            f"cosign ended with status {done.returncode}",
            where=name,
            hint="the unikernel is pushed; sign it with: cosign sign " + name,
        )
