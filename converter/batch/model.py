"""What is to be converted, and what came of it: values that go between processes and machines as JSON."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

Settings = Mapping[str, Any]  # option of `u2k convert` without dashes -> str, bool or list of str


@dataclass(frozen=True, slots=True)
class Task:
    """One image of a batch.

    number:   its place in the list, from 1
    image:    as the user writes it
    output:   the unikernel's path, relative to the batch's folder
    settings: the options that it is converted with (`options.OPTIONS`)
    line:     of the batch file
    """

    number: int
    image: str
    output: str
    settings: Settings = field(default_factory=dict)
    line: int = 0

    @property
    def key(self) -> str:
        """By which the journal knows it again: what is asked for, wherever it stands in the list."""
        told = json.dumps([self.image, self.output, self.settings], sort_keys=True)
        return hashlib.sha256(told.encode()).hexdigest()[:32]


class Status(StrEnum):
    """How a task ended."""

    CONVERTED = "converted"
    REUSED = "reused"  # the same was converted before
    REFUSED = "refused"  # the image cannot become a unikernel
    FAILED = "failed"
    TIMEOUT = "timeout"
    MEMORY = "memory"
    CRASHED = "crashed"  # the process that converted it ended
    SKIPPED = "skipped"  # the batch stopped before

    @property
    def good(self) -> bool:
        return self in (Status.CONVERTED, Status.REUSED)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a task.

    exit_code: what `u2k convert` would have ended with
    error, where, hint: as errors.U2kError has them
    digest:    of the image
    size:      bytes of the unikernel; memory: the most that converting it took, in bytes
    pushed:    what it is called in the registry that it was pushed to, by digest
    needs:     what the program needs and the library OS has not, of a refused image
    """

    status: Status
    exit_code: int = 0
    error: str = ""
    where: str = ""
    hint: str = ""
    digest: str = ""
    size: int = 0
    seconds: float = 0.0
    attempts: int = 1
    memory: int = 0
    pushed: str = ""
    needs: tuple[str, ...] = ()

    def document(self) -> dict[str, Any]:
        """The JSON object."""
        return asdict(self)

    @classmethod
    def of_document(cls, told: Mapping[str, Any]) -> Outcome:
        """What `document` was made of. Raises LookupError, TypeError, ValueError for anything else."""
        return cls(
            Status(told["status"]),
            exit_code=int(told["exit_code"]),
            error=str(told["error"]),
            where=str(told["where"]),
            hint=str(told["hint"]),
            digest=str(told["digest"]),
            size=int(told["size"]),
            seconds=float(told["seconds"]),
            attempts=int(told["attempts"]),
            memory=int(told["memory"]),
            pushed=str(told["pushed"]),
            needs=tuple(map(str, told["needs"])),
        )


@dataclass(frozen=True, slots=True)
class Result:
    """A task that has ended."""

    task: Task
    outcome: Outcome

    @classmethod
    def skipped(cls, task: Task) -> Result:
        """The end of what was not begun."""
        return cls(task, Outcome(Status.SKIPPED, 1, "an image before it was not converted", task.image))
