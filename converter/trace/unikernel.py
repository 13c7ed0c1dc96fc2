"""Tracing a unikernel: the same file with a kernel that has every part, and tells what is asked of it."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from converter.image.tree import FileTree
from converter.link.architecture import architecture
from converter.link.build import SHARED, build_archive
from converter.link.catalogue import read_catalogue, syscall_numbers
from converter.link.choice import Choice, full
from converter.link.exchange import exchange_kernel
from converter.link.kernel import link_kernel
from converter.link.manifest import Manifest, read_manifest
from converter.link.tracing import PART
from converter.profile.model import Profile, Subject
from converter.trace.dynamic import profile_of
from converter.trace.kernel_log import KernelLog


@dataclass(frozen=True, slots=True)
class Tracing:
    """A unikernel that traces itself: `path` and `manifest` are what to run, `log` gets its log's lines."""

    path: Path
    manifest: Manifest
    log: KernelLog
    subject: Subject
    tree: FileTree | None

    def profile(self) -> Profile:
        """What was seen so far, as a profile with `dynamic` evidence."""
        subject = self.subject
        if self.log.steps:  # another program was executed
            subject = replace(subject, path=os.fsdecode(self.log.record.executable))
        return profile_of(self.log.record, subject, self.tree)


@contextlib.contextmanager
def tracing(path: Path, tree: FileTree | None = None, subject: Subject | None = None) -> Iterator[Tracing]:
    """The unikernel `path` with a tracing kernel, as a file that is there during the block.

    tree: the image's, if it is at hand, for the links that lead to files.
    Errors: UsageError for a file that is none, ToolchainError, OutputError.
    """
    manifest = read_manifest(path)
    machine = architecture(manifest.architecture)
    everything = full(read_catalogue(build_archive(SHARED, machine), machine), manifest.target)
    choice = Choice(everything.syscalls, tuple(sorted((*everything.parts, PART))))
    kernel = link_kernel(manifest.target, machine, choice)
    numbers = {number: name for name, number in syscall_numbers(machine).items()}
    with tempfile.TemporaryDirectory(prefix="u2k-trace-") as folder:
        target = Path(folder) / "traced.u2k"
        with target.open("wb", buffering=0) as out:
            traced = exchange_kernel(path, kernel, out)
        target.chmod(0o755)
        log = KernelLog(manifest.path.encode("utf-8", "surrogateescape"), numbers, tree)
        yield Tracing(target, traced, log, subject or subject_of(manifest), tree)


def subject_of(manifest: Manifest) -> Subject:
    """What a unikernel file says of itself, for one that carries no profile."""
    return Subject(
        reference="",
        digest=manifest.source_digest,
        platform=f"{manifest.os}/{manifest.architecture}",
        path=manifest.path,
        argv=manifest.argv,
        env=manifest.env,
        cwd=manifest.cwd,
        user=manifest.user,
    )
