"""The errors a user can meet. Each says what is wrong, where, and what to do next.

Exit codes: 2 usage, 3 incompatible image, 4 source or authentication, 1 the rest. 6 is no error: it is how
`u2k batch` says that not every image was converted.
"""

from __future__ import annotations


class U2kError(Exception):
    """Root of all errors that are shown to the user without a traceback.

    what:  one sentence, no trailing full stop needed ("layer 2 is truncated").
    where: the thing it was found in (a reference, a path inside the image, a host path), or None.
    hint:  what the user can do next, or None.
    """

    exit_code = 1
    run_status = 125  # what `u2k run` ends with, as docker run does

    def __init__(self, what: str, *, where: str | None = None, hint: str | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        return self.what if self.where is None else f"{self.where}: {self.what}"


class UsageError(U2kError):
    """The command line, or a file that the user named on it, makes no sense."""

    exit_code = 2


class IncompatibleImageError(U2kError):
    """The image is well-formed or not, but it cannot become a unikernel.

    needs: what its program needs and is not there, a few words each; empty where that is not the reason.
    """

    exit_code = 3

    def __init__(
        self, what: str, *, where: str | None = None, hint: str | None = None, needs: tuple[str, ...] = ()
    ) -> None:
        super().__init__(what, where=where, hint=hint)
        self.needs = needs


class NoProgramError(IncompatibleImageError):
    """The program is not there, or nothing that it is started with."""

    run_status = 127


class NotExecutableError(IncompatibleImageError):
    """The program is there and cannot be executed."""

    run_status = 126


class SourceError(U2kError):
    """The image could not be had: network, registry, authentication, archive."""

    exit_code = 4


class OutputError(U2kError):
    """The result could not be written: folder, permissions, disk space."""


class ToolchainError(U2kError):
    """Compiling or linking the library OS failed."""


class RunError(U2kError):
    """A program could not be run or traced. (`u2k run` ends with 125 for any failure that is its own.)"""
