"""Programs that scripts use to look around and to prepare files, imitated over the image's tree.

Only what changes nothing, or whose every effect is known. All else is foreign, and reading says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from converter.analyze.entrypoint.shell.commands import changes, find, identity, modes, sed, text
from converter.analyze.entrypoint.shell.commands.builtin_twins import TWINS
from converter.analyze.entrypoint.shell.commands.process import Process
from converter.analyze.entrypoint.shell.values import Status, Unknown

_Command = Callable[[Process], Status]


def _reads(command: _Command) -> _Command:
    """With arguments that are not known, the output is not known either; nothing else happens."""

    def guarded(process: Process) -> Status:
        lost = process.unknown()
        if lost is None:
            return command(process)
        process.write(Unknown(lost.reason))
        return Unknown(lost.reason)

    return guarded


def _changes(command: _Command) -> _Command:
    """With arguments that are not known, what follows is only likely."""

    def guarded(process: Process) -> Status:
        lost = process.unknown()
        if lost is None:
            return command(process)
        process.world.doubt(f"{process.where}: {process.name} depends on {lost.reason}")
        return 0

    return guarded


_READERS: Mapping[str, _Command] = {
    "cat": text.cat, "head": text.head, "tail": text.tail, "cut": text.cut, "tr": text.tr, "grep": text.grep,
    "egrep": text.grep, "sort": text.sort, "wc": text.wc, "uniq": text.filtered, "tac": text.filtered,
    "rev": text.filtered, "seq": text.seq, "basename": text.basename, "dirname": text.dirname,
    "readlink": text.readlink, "realpath": text.readlink, "envsubst": text.envsubst,
    "id": identity.id_, "whoami": identity.whoami, "uname": identity.uname, "getent": identity.getent,
    "which": identity.which, "which.debianutils": identity.which,
    "env": identity.env, "printenv": identity.env,
    "date": identity.untold, "hostname": identity.untold, "nproc": identity.untold, "sleep": identity.untold,
    "sync": identity.untold, "free": identity.untold, "uptime": identity.untold, "tty": identity.untold,
    "getconf": identity.untold, "ps": identity.untold, "df": identity.untold, "stat": identity.stat,
    "ls": identity.untold, "du": identity.untold, "file": identity.untold, "md5sum": identity.untold,
    "sha256sum": identity.untold, "cmp": identity.untold, "diff": identity.untold, "expr": identity.untold,
    **TWINS,
}  # fmt: skip

_CHANGERS: Mapping[str, _Command] = {
    "mkdir": changes.mkdir, "rmdir": changes.rmdir, "rm": changes.rm, "cp": changes.cp, "mv": changes.mv,
    "ln": changes.ln, "touch": changes.touch, "truncate": changes.truncate, "install": changes.install,
    "chmod": modes.chmod, "chown": modes.chown, "chgrp": modes.chown, "sed": sed.sed, "tee": text.tee,
    "find": find.find, "xargs": find.xargs, "unlink": changes.rm,
}  # fmt: skip

COMMANDS: Mapping[str, _Command] = {
    **{name: _reads(command) for name, command in _READERS.items()},
    **{name: _changes(command) for name, command in _CHANGERS.items()},
}
