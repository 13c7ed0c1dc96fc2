"""The engine's own way of building: docker, podman or buildah, as its command."""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from converter.errors import SourceError, UsageError

_LOG = logging.getLogger("u2k")
BUILDERS = ("docker", "podman", "buildah")
_PLUGIN_OF = "DOCKER_CLI_PLUGIN_ORIGINAL_CLI_COMMAND"  # how docker was called that started us as a plug-in
_ANSWER = 10  # seconds in which an engine says that it is there
_HINT = "install docker, podman or buildah; or build elsewhere and convert the image"


@dataclass(frozen=True, slots=True)
class Builder:
    """name: one of BUILDERS. program: its command."""

    name: str
    program: str

    def build(self, words: Sequence[str]) -> str:
        """The ID of the image that `build WORDS` makes. What the engine says goes to standard error.

        Errors: SourceError when the build fails, or leaves no image.
        """
        with tempfile.TemporaryDirectory(prefix="u2k-build-") as folder:
            told = Path(folder) / "id"
            self._run("build", "--iidfile", str(told), *words)
            found = told.read_text().strip() if told.exists() else ""
        if not found:
            raise SourceError(
                "the build left no image", where=self.program, hint="build for one platform, and load it"
            )
        return found

    def reference(self, image: str, folder: Path) -> str:
        """What `u2k convert` takes for the image with this ID; an archive in `folder` where it needs one.

        Errors: SourceError.
        """
        if self.name == "docker":
            return f"docker-daemon:{image}"
        archive = folder / "image.oci.tar"
        if self.name == "podman":
            self._run("save", "--quiet", "--format", "oci-archive", "-o", str(archive), image)
        else:
            self._run("push", "--quiet", image, f"oci-archive:{archive}")
        return str(archive)

    def _run(self, *words: str) -> None:
        command = [self.program, *words]
        _LOG.info("running: %s", " ".join(command))
        sys.stderr.flush()
        try:
            status = subprocess.run(command, stdout=2, check=False).returncode
        except OSError as error:
            raise SourceError(f"cannot be run: {error.strerror}", where=self.program, hint=_HINT) from error
        if status != 0:
            raise SourceError(
                f"{words[0]} failed, with status {status}", where=self.program, hint="its own words are above"
            )


def find_builder(name: str) -> Builder:
    """The engine called `name`; with `auto` the docker that called us, else the first that works here.

    Errors: UsageError for another name, SourceError when there is none.
    """
    if name != "auto" and name not in BUILDERS:
        raise UsageError(f"{name!r} is none of: auto, {', '.join(BUILDERS)}", where="--engine")
    caller = os.environ.get(_PLUGIN_OF)
    if caller and name in ("auto", "docker"):
        return Builder("docker", caller)
    reasons = []
    for each in BUILDERS if name == "auto" else (name,):
        reason = _why_not(each)
        if reason is None or name != "auto":
            return Builder(each, each)
        reasons.append(f"{each}: {reason}")
    raise SourceError(f"nothing builds images here ({'; '.join(reasons)})", hint=_HINT)


def _why_not(name: str) -> str | None:
    """Why this engine cannot build; None: it can. Only docker needs a service that answers."""
    if shutil.which(name) is None:
        return "not installed"
    if name != "docker":
        return None
    try:
        asked = subprocess.run(
            ["docker", "version", "--format", "{{.Server.Version}}"],
            capture_output=True,
            timeout=_ANSWER,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return "does not answer"
    return None if asked.returncode == 0 else "its engine does not answer"
