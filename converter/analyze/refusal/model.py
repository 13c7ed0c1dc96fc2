"""A refusal, and the facts that rules decide by."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable
from dataclasses import dataclass

from converter.analyze.entrypoint import Resolution
from converter.analyze.entrypoint.shell.processes import MULTI_CALL
from converter.analyze.refusal.frames import belongs_to, frames
from converter.profile.model import Evidence, Evidences, Profile

_LINE_MAX = 1 << 12  # characters; execve(2) takes megabytes, and rules look for patterns


@dataclass(frozen=True, slots=True)
class Refusal:
    """One thing that is needed and not there.

    need:     a few words: `io_uring`, `a GPU` ...
    what:     a sentence about the program, without its subject: `serves 80/tcp, and its code can listen`
    evidence: what shows it, the strongest first; never empty
    hint:     what the user can do, besides --allow-unsupported; may be empty
    """

    need: str
    what: str
    evidence: Evidences
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a program.

    handlers: system calls that the library OS has; a rule is off once it has those that the rule is about
    forked:   processes that a run showed the program make of itself
    started:  paths of other programs that a run showed it start
    """

    resolution: Resolution
    profile: Profile
    handlers: frozenset[str]
    forked: int = 0
    started: tuple[str, ...] = ()

    @property
    def path(self) -> str:
        """The program's ELF file in the image, canonical."""
        return self.profile.subject.path

    @property
    def names(self) -> tuple[str, ...]:
        """What the program is called: base names of argv[0], its scripts and its ELF file."""
        found = self.resolution.program.executable
        paths = (
            *self.resolution.program.argv[:1],
            *(each.path for each in found.scripts),
            found.loaded_real_path,
        )
        return tuple(dict.fromkeys(os.fsdecode(path).rpartition("/")[2] for path in paths))

    @property
    def command_line(self) -> str:
        """The beginning of the arguments, quoted as for a shell, without argv[0]."""
        return shlex.join(self.profile.subject.argv[1:])[:_LINE_MAX]

    @property
    def multi_call(self) -> bool:
        """Whether one file has many programs in it (busybox): what it can do, this one need not do."""
        argv0 = self.profile.subject.argv[0] if self.profile.subject.argv else ""
        file = self.path.rpartition("/")[2]
        return file.split(".")[0].split("-")[0] in MULTI_CALL or argv0.rpartition("/")[2].lstrip("-") != file

    def why(self, *calls: str) -> Evidence | None:
        """The strongest evidence for any of these system calls; None if none of them can be made."""
        return self.strongest(each for call in calls for each in self.profile.syscalls.get(call, ()))

    def strongest(self, evidence: Iterable[Evidence]) -> Evidence | None:
        """Seen before read, the program's own code before that of others, a short way before a long one."""

        def weakness(why: Evidence) -> tuple[bool, bool, int, Evidence]:
            return why.kind != "dynamic", not belongs_to(why, self.path), len(frames(why)), why

        return min(evidence, key=weakness, default=None)
