"""A slim container of an image: the unikernel's root, for who stays with a container engine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from converter.analyze.packages.database import read_packages
from converter.analyze.packages.model import Packages
from converter.container.slim import SlimContainer, write_slim
from converter.convert import slimmed_root
from converter.options import Options
from converter.profiling import Profiled
from converter.report.by_products import seccomp_of
from converter.report.contents import Contents, contents
from converter.rootfs.slim import Slimmed


@dataclass(frozen=True, slots=True)
class SlimReport:
    """Before and after. `stored` are bytes of compressed layers; `seccomp` is the text of the profile."""

    container: SlimContainer
    before: Contents
    after: Contents
    stored_before: int
    seccomp: str
    notes: tuple[str, ...]


def slim_image(profiled: Profiled, path: Path, name: str, options: Options) -> SlimReport:
    """Write the slim container `name` of an image to `path`. Errors: as `write_slim`, UsageError."""
    packages = read_packages(profiled.reading.tree)
    slimmed = slimmed_root(profiled, packages, options)
    seccomp = seccomp_of(profiled)
    container = slim_container(profiled, slimmed, path, name, seccomp)
    return SlimReport(
        container,
        contents(profiled.reading.image_tree, packages),
        contents(container.tree, packages),
        sum(layer.size for layer in profiled.reading.image.layers),
        seccomp,
        tuple(_notes(profiled, slimmed, packages)),
    )


def slim_container(
    profiled: Profiled, slimmed: Slimmed, path: Path, name: str, seccomp: str
) -> SlimContainer:
    """Write the container of a root that was slimmed already. Errors: as `write_slim`."""
    reading = profiled.reading
    kept = reading.resolution.kept_args
    return write_slim(path, name, reading.image, reading.program, slimmed.tree, kept, seccomp)


def _notes(profiled: Profiled, slimmed: Slimmed, packages: Packages) -> Iterator[str]:
    """What the user should know, one sentence each."""
    resolution, config = profiled.reading.resolution, profiled.reading.image.config
    if resolution.undecided is not None:
        yield f"the entrypoint could not be read to its end: {resolution.undecided}"
        yield "what the image names was taken as the program; --trace watches it, --program names another"
    for process in resolution.background:
        yield f"the entrypoint leaves a process running beside the program, which is not started: {process}"
    if profiled.reading.adaptation is not None:
        yield f"its command line is the unikernel's: {profiled.reading.adaptation}"
    if config.healthcheck is not None and config.healthcheck.test[:1] == ("CMD-SHELL",):
        yield "a HEALTHCHECK for a shell stays only where the shell does: --keep /bin/sh"
    for pattern in slimmed.unmatched:
        yield f"--keep {pattern} matches nothing in the image"
    yield from packages.unread
