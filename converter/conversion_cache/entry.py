"""What is kept of one conversion: a folder `unikernels/KEY` of the cache.

    unikernel        the file; read-only by agreement, since runs use it in place
    report.json      size of that file, report of the conversion
    bill-NAME.json   bills of materials that were asked for

A folder appears whole, by a rename, after its bytes are on the disk. What is damaged is no entry.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from converter.cache.folder import cache_folder
from converter.errors import OutputError, U2kError
from converter.image.reference import name_elsewhere
from converter.link.manifest import Manifest, read_manifest
from converter.output import not_written, whole_file
from converter.report.comparison import ConversionReport, document, of_document

_UNIKERNEL, _REPORT = "unikernel", "report.json"
_LOCK_DIGITS = 3  # of the key: 4096 locks, so that they need not be removed


@dataclass(frozen=True, slots=True)
class Entry:
    """A conversion that was done before. `report` has the names that it was done with then."""

    folder: Path
    manifest: Manifest
    report: ConversionReport

    @property
    def unikernel(self) -> Path:
        """The file. Whoever wants to change it makes a copy."""
        return self.folder / _UNIKERNEL

    def told(self, reference: str, file: Path) -> ConversionReport:
        """The report for an image that is called `reference` now, and the result `file`."""
        subject = replace(self.report.subject, reference=name_elsewhere(reference))
        return replace(self.report, reference=reference, file=str(file), subject=subject)

    def bill(self, name: str) -> str | None:
        """A bill of materials; None if it was not asked for yet."""
        with suppress(OSError, UnicodeDecodeError):
            return (self.folder / f"bill-{name}.json").read_text("utf-8")
        return None

    def keep_bill(self, name: str, text: str) -> None:
        """For the next time. A cache that cannot be written to is no error."""
        with suppress(OutputError), whole_file(self.folder / f"bill-{name}.json", mode=0o644) as file:
            file.write(text.encode())


def find(key: str) -> Entry | None:
    """The conversion with this key, noted as used now."""
    try:
        folder = cache_folder("unikernels") / key
        told = json.loads((folder / _REPORT).read_bytes())
        if (folder / _UNIKERNEL).stat().st_size != told["size"]:
            return None
        entry = Entry(folder, read_manifest(folder / _UNIKERNEL), of_document(told["report"]))
    except (OSError, U2kError, LookupError, TypeError, ValueError, AttributeError, RecursionError):
        return None
    with suppress(OSError):
        os.utime(folder)
    return entry


@contextmanager
def making(key: str) -> Iterator[Path]:
    """A folder next to the entries, to put one together in; it is gone at the end. Errors: OutputError."""
    root = cache_folder("unikernels")
    try:
        folder = Path(tempfile.mkdtemp(dir=root, prefix=f".{key}."))
    except OSError as error:
        raise not_written(error, root) from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def add(key: str, folder: Path, report: ConversionReport) -> Entry:
    """Make an entry of a folder of `making`, with the file where `unikernel_in` says. Errors: OutputError."""
    file, final = folder / _UNIKERNEL, cache_folder("unikernels") / key
    try:
        told = {"size": file.stat().st_size, "report": document(report)}
        (folder / _REPORT).write_text(json.dumps(told, separators=(",", ":")))
        for path in (file, folder / _REPORT):
            _to_disk(path)
        manifest = read_manifest(file)
        shutil.rmtree(final, ignore_errors=True)  # there is only what `find` would not take, or older
        folder.rename(final)
    except OSError as error:
        raise not_written(error, final) from error
    return Entry(final, manifest, report)


def unikernel_in(folder: Path) -> Path:
    """Where the file belongs in a folder of `making`."""
    return folder / _UNIKERNEL


@contextmanager
def alone(key: str) -> Iterator[None]:
    """Whoever else wants to make the same waits until this is done; in other processes, too."""
    import fcntl

    path = cache_folder("unikernels") / f".lock-{key[:_LOCK_DIGITS]}"
    try:
        handle = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise not_written(error, path) from error
    try:
        with suppress(OSError):  # a file system without locks: the same may be made twice
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _to_disk(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
