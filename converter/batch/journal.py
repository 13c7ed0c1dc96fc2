"""The journal of a batch: one JSON line for each image that has ended, written when it has, never changed.

A line is on the disk before the next image of that worker begins, so that whatever kills the batch costs no
more than the images that were being converted. The last line may be torn by that; it is cut off.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from converter import __version__
from converter.batch.model import Outcome, Status, Task
from converter.errors import OutputError, UsageError
from converter.output import not_written
from converter.report.shipping import size_of

_HEAD = {"u2k_batch_journal": 1, "tool_version": __version__}
_LIMIT = 256 << 20  # bytes that are read


class Journal:
    """Open for one process at a time."""

    def __init__(self, path: Path, *, resume: bool = False, force: bool = False) -> None:
        """Go on with what is there (`resume`), or forget it (`force`).

        Errors: UsageError when another process has it, when it is there and neither is wanted, when it is no
        journal; OutputError when it cannot be written.
        """
        self.path = path
        try:
            self._file = path.open("a+b", buffering=0)
        except OSError as error:
            raise not_written(error, path) from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self._file.close()
            raise UsageError(
                "another u2k batch is at work on it",
                where=str(path),
                hint="wait for it, or choose another folder",
            ) from error
        except OSError:
            pass  # a file system without locks
        try:
            if force:
                os.ftruncate(self._file.fileno(), 0)
            self.outcomes = self._read(resume)
        except BaseException:
            self._file.close()
            raise

    def _read(self, resume: bool) -> dict[str, Outcome]:
        self._file.seek(0)
        data = self._file.read(_LIMIT)
        if data and not resume:
            raise UsageError(
                "an earlier batch has left its journal here",
                where=str(self.path),
                hint="go on with it by --resume, or begin anew with --force",
            )
        whole = data.rfind(b"\n") + 1
        if whole != len(data):
            os.ftruncate(self._file.fileno(), whole)
        lines = data[:whole].splitlines()
        if not lines:
            self._append(_HEAD)
            return {}
        if _object(lines[0]).get("u2k_batch_journal") != 1:
            raise UsageError(
                "this is no journal of a batch, or of another version",
                where=str(self.path),
                hint="choose another folder, or begin anew with --force",
            )
        found = {}
        for line in lines[1:]:
            told = _object(line)
            try:  # a line that a disk has damaged is an image that was not converted
                found[str(told["key"])] = Outcome.of_document(told["outcome"])
            except (LookupError, TypeError, ValueError, AttributeError):
                continue
        return found

    def add(self, task: Task, outcome: Outcome) -> None:
        """Write down how a task ended. Errors: OutputError."""
        told = {"key": task.key, "image": task.image, "output": task.output, "outcome": outcome.document()}
        self._append(told)
        self.outcomes[task.key] = outcome

    def _append(self, told: Mapping[str, Any]) -> None:
        line = json.dumps(told, separators=(",", ":")).encode() + b"\n"
        try:
            if self._file.write(line) != len(line):
                raise OutputError("the disk is full", where=str(self.path), hint="make room, then --resume")
            os.fsync(self._file.fileno())
        except OSError as error:
            raise not_written(error, self.path) from error

    def done(self, task: Task, folder: Path) -> Outcome | None:
        """How it ended, if it need not be done again: its file is there, or in a registry, or the image
        cannot be converted.
        """
        outcome = self.outcomes.get(task.key)
        if outcome is None or not (outcome.status.good or outcome.status is Status.REFUSED):
            return None
        if outcome.status is Status.REFUSED or outcome.pushed:
            return outcome
        try:
            return outcome if size_of(folder / task.output) == outcome.size else None
        except OSError:
            return None

    def close(self) -> None:
        """Let others have it."""
        self._file.close()


def _object(line: bytes) -> dict[str, Any]:
    try:
        told = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}
