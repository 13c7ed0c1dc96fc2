"""Whether the program is still to come: an entrypoint's shell is at work, and waits for what it starts."""

from __future__ import annotations

import os

from converter.analyze.entrypoint.shell.processes import SHELLS
from converter.analyze.executable import find_executable
from converter.analyze.program import Program
from converter.analyze.users import Credentials
from converter.errors import IncompatibleImageError, RunError
from converter.image.tree import FileTree
from converter.trace.record import Record
from converter.trace.watch import Watcher

_SHOWN = 5  # programs


def runs_shell(tree: FileTree, path: bytes, cwd: bytes, user: Credentials) -> bool:
    """Whether executing `path` starts a shell, be it for a script."""
    try:
        found = find_executable(tree, path, cwd, user)
    except IncompatibleImageError:  # made by the script, or a descriptor's path
        return False
    names = (each.rpartition(b"/")[2] for each in (found.loaded, found.loaded_real_path))
    return any(os.fsdecode(name) in SHELLS for name in names)


class Coming:
    """Looks at the main process that `watcher` has; `foretold` is what reading says that runs in the end."""

    def __init__(self, watcher: Watcher, foretold: Program | None) -> None:
        self._watcher = watcher
        self._foretold = None if foretold is None else foretold.argv
        self._looked_at: Record | None = None
        self._is_shell = False

    def now(self) -> bool:
        """A shell has the main process, and it is not the program itself."""
        main = self._watcher.main
        if main is None:
            return False
        if main is not self._looked_at:
            shell = runs_shell(self._watcher.tree, main.executable, main.cwd, main.user)
            self._looked_at, self._is_shell = main, shell and main.argv != self._foretold
        return self._is_shell

    def never(self, ending: str) -> RunError:
        """For a run that was stopped before it came to the program."""
        main = self._watcher.main
        name = os.fsdecode(main.executable if main is not None else b"the entrypoint")
        waited_for = [os.fsdecode(path) for path in self._watcher.waited_for()[:_SHOWN]]
        waits = f", which waits for {', '.join(waited_for)}" if waited_for else ""
        return RunError(
            f"the entrypoint came to no program: {ending}; {name} still runs{waits}",
            hint="give it longer (--trace-seconds) or what it waits for (-e, --args), "
            "or name the program with --program",
        )
