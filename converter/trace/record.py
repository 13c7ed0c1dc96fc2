"""What one program of a trace was seen to use: the first time of each thing, and nothing twice."""

from __future__ import annotations

from dataclasses import dataclass, field

from converter.analyze.users import Credentials

# Of each kind. A program that opens more files than this is walking a tree; the rest is counted only.
LIMIT = 100_000


@dataclass(slots=True)
class Record:
    """One executed program (execve), with the processes and threads that run the same image since.

    Paths are canonical and in the image's tree. The values of the maps say how it was seen.
    argv is None when strace could not read it.
    """

    executable: bytes
    argv: tuple[bytes, ...] | None
    env: tuple[bytes, ...] | None
    cwd: bytes
    user: Credentials
    umask: int = 0o022
    by: bytes | None = None  # the program that executed or forked it
    calls: dict[str, str] = field(default_factory=dict)
    arguments: dict[tuple[str, str], str] = field(default_factory=dict)  # by choice and value
    files: dict[bytes, str] = field(default_factory=dict)
    libraries: dict[bytes, str] = field(default_factory=dict)
    sockets: dict[str, str] = field(default_factory=dict)
    forks: int = 0  # processes made that went on as this program
    children: dict[bytes, int] = field(default_factory=dict)  # programs that its children executed -> times
    left_out: int = 0  # beyond LIMIT

    def size(self) -> int:
        """How much is known: grows as long as something new is seen."""
        seen = len(self.calls) + len(self.arguments) + len(self.files) + len(self.libraries)
        return seen + len(self.sockets) + len(self.children) + min(self.forks, 1)

    def choose(self, choice: str, value: str, how: str) -> None:
        """Keep the value of an argument that chooses what is needed."""
        if len(self.arguments) < LIMIT:
            self.arguments.setdefault((choice, value), how)

    def note(self, where: dict[bytes, str], what: bytes, how: str) -> None:
        """Keep `what` in one of the maps of paths, if there is room."""
        if what in where:
            return
        if len(where) < LIMIT:
            where[what] = how
        else:
            self.left_out += 1
