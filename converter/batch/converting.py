"""Converting the image of one task, whatever comes of it, as an outcome."""

from __future__ import annotations

import errno
import resource
import sys
import time
from dataclasses import replace
from pathlib import Path

from converter.artifact.provenance import provenance_of
from converter.batch.model import Outcome, Status, Task
from converter.batch.options import options_of
from converter.conversion_cache.conversion import converted
from converter.conversion_cache.documents import Documents
from converter.errors import IncompatibleImageError, U2kError
from converter.image.progress import Silent
from converter.image.reference import parse_registry_name
from converter.known import profiles_in
from converter.output import not_written, text_file
from converter.remembered import remember
from converter.report.shipping import size_of
from converter.shipped import destination

_KIB = 1024  # ru_maxrss is in KiB on Linux, in bytes on macOS (getrusage(2) of each)


def convert_task(task: Task, folder: Path, *, reuse: bool = True) -> Outcome:
    """Convert; results go below `folder`, over what is there. Never raises for what an image can cause."""
    started = time.monotonic()
    try:
        outcome = _converted(task, folder, reuse)
    except IncompatibleImageError as error:
        outcome = _failed(Status.REFUSED, error)
    except U2kError as error:
        outcome = _failed(Status.FAILED, error)
    except Exception as error:
        outcome = _short_of_memory(task) if is_shortage(error) else _internal(task, error)
    return replace(outcome, seconds=round(time.monotonic() - started, 3), memory=peak_memory())


def _converted(task: Task, folder: Path, reuse: bool) -> Outcome:
    options, settings = options_of(task.settings), task.settings

    def beside(name: str) -> Path | None:
        return _room(folder / settings[name]) if name in settings else None

    paths = [Path(name) for name in settings.get("profile", ())]
    form, cmdline = settings.get("format", "elf"), settings.get("cmdline", "")
    with destination(task.image, _room(folder / task.output), form, cmdline, options, force=True) as place:
        made = converted(
            task.image,
            place.unikernel,
            options,
            profiles=profiles_in(paths),
            documents=Documents(beside("save-profile"), beside("seccomp"), beside("sbom")),
            force=True,
            reuse=reuse,
        )
        place.ship(made.report)
        if (provenance := beside("provenance")) is not None:
            text_file(provenance, provenance_of(place.unikernel, place.final))
        size = size_of(place.final)
        pushed = "" if "push" not in settings else _pushed(place.unikernel, settings["push"])
    words = [*options.words(), *(word for path in paths for word in ("--profile", str(path.absolute())))]
    remember(made.manifest, task.image, words)
    status = Status.REUSED if made.reused else Status.CONVERTED
    return Outcome(status, digest=made.manifest.source_digest, size=size, pushed=pushed)


def _pushed(unikernel: Path, name: str) -> str:
    from converter.artifact.push import push

    made = push(unikernel, parse_registry_name(name), Silent())
    return f"{made.reference}@{made.digest}"


def _room(path: Path) -> Path:
    """The path, with the folder that it needs. Errors: OutputError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise not_written(error, path) from error
    return path


def _failed(status: Status, error: U2kError) -> Outcome:
    needs = error.needs if isinstance(error, IncompatibleImageError) else ()
    return Outcome(status, error.exit_code, error.what, error.where or "", error.hint or "", needs=needs)


def is_shortage(error: Exception) -> bool:
    """Whether it was raised because there was no more memory."""
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    return isinstance(error, MemoryError) or str(error) == "can't start new thread"


def _short_of_memory(task: Task) -> Outcome:
    what = "more memory was needed than there is for one image"
    return Outcome(Status.MEMORY, 1, what, task.image, "give more with --memory, or fewer --jobs")


def _internal(task: Task, error: Exception) -> Outcome:
    what = f"internal error: {type(error).__name__}: {error}"
    hint = "this is a bug in u2k; u2k convert with U2K_DEBUG=1 shows more"
    return Outcome(Status.FAILED, 1, what, task.image, hint)


def peak_memory() -> int:
    """The most that this process, or a program that it ran, has had in memory so far, in bytes."""
    peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return peak if sys.platform == "darwin" else peak * _KIB
