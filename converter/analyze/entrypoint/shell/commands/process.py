"""An imitated program's surroundings: arguments, streams, files; nothing of the host."""

from __future__ import annotations

from converter.analyze.entrypoint.shell.files import FileProblem, Files
from converter.analyze.entrypoint.shell.redirections import contents
from converter.analyze.entrypoint.shell.state import Shell
from converter.analyze.entrypoint.shell.streams import Stream
from converter.analyze.entrypoint.shell.values import Undecided, Unknown, Value, first_unknown
from converter.analyze.entrypoint.shell.world import Launch, World
from converter.analyze.users import Credentials
from converter.image.tree import Inode


class Unsupported(Exception):  # the honest end of imitation
    """An option that is not imitated: the program counts as foreign."""


class Process:
    """One run of a known program."""

    def __init__(self, shell: Shell, launch: Launch, name: str) -> None:
        self._shell = shell
        self.launch = launch
        self.name = name
        self.args: list[Value] = list(launch.argv[1:])

    @property
    def world(self) -> World:
        return self._shell.world

    @property
    def files(self) -> Files:
        return self._shell.world.files

    @property
    def user(self) -> Credentials:
        return self.launch.user

    @property
    def cwd(self) -> str:
        return self.launch.cwd

    @property
    def umask(self) -> int:
        return self.launch.umask

    @property
    def where(self) -> str:
        return self._shell.where

    def unknown(self) -> Unknown | None:
        """The first argument that is not known."""
        return first_unknown(self.args)

    def known(self) -> list[str]:
        """All arguments. Raises Undecided if one is not known: for programs that change files."""
        lost = self.unknown()
        if lost is not None:
            raise self.undecided(f"{self.name} with {lost.reason}")
        return [arg for arg in self.args if isinstance(arg, str)]

    def undecided(self, what: str) -> Undecided:
        return self._shell.undecided(what)

    def write(self, text: Value) -> None:
        self._shell.streams.get(1, Stream()).write(text)

    def complain(self, text: str) -> None:
        self._shell.streams.get(2, Stream()).write(f"{self.name}: {text}\n")

    def stdin(self) -> Value:
        return self._shell.streams.get(0, Stream()).read()

    def stdin_pieces(self) -> list[Value]:
        return self._shell.streams.get(0, Stream()).pieces()

    def contents(self, path: str) -> Value:
        """Of a file, or of standard input for `-`. Raises FileProblem."""
        if path == "-":
            return self.stdin()
        number = path.removeprefix("/dev/fd/")
        if number != path and number.isdigit() and int(number) in self._shell.streams:
            return self._shell.streams[int(number)].read()
        return contents(self._shell, path)

    def find(self, path: str, *, follow: bool = True) -> tuple[bytes, Inode] | None:
        """Canonical path and inode. Raises Undecided for what the engine mounts."""
        if self.files.mounted(path, self.cwd) is not None:
            raise self.undecided(f"{self.name} of {path}, which is not in the image")
        return self.files.resolve(path, self.cwd, follow=follow)

    def entry(self, path: str, *, follow: bool = False) -> tuple[bytes, Inode] | None:
        """As `find`, of the image alone: for what looks at a link itself."""
        return self.files.resolve(path, self.cwd, follow=follow)

    def need(self, path: str, *, follow: bool = True) -> tuple[bytes, Inode]:
        """As `find`. Raises FileProblem if it is not there."""
        found = self.find(path, follow=follow)
        if found is None:
            raise FileProblem(f"cannot access '{path}': No such file or directory")
        return found

    def run(self, words: list[Value]) -> object:
        """Run another program in the same surroundings (find -exec, xargs): its status."""
        from converter.analyze.entrypoint.shell.processes import run_program  # it starts us

        return run_program(self._shell, words, dict(self.launch.env))


def flags(
    process: Process, args: list[str], plain: str, valued: str = "", long: dict[str, str] | None = None
) -> tuple[dict[str, str], list[str]]:
    """Options by letter (value "" for those without one), and the operands (XBD 12.2; getopt_long(3)).

    `long` maps long names to letters. Raises Unsupported for any other option.
    """
    found: dict[str, str] = {}
    operands: list[str] = []
    todo = list(args)
    while todo:
        word = todo.pop(0)
        if word == "--":
            operands += todo
            break
        if word.startswith("--"):
            name, equals, value = word[2:].partition("=")
            letter = (long or {}).get(name)
            if letter is None:
                raise Unsupported(f"{process.name} {word}")
            if letter in valued and not equals:
                value = todo.pop(0) if todo else ""
            found[letter] = value
        elif word.startswith("-") and len(word) > 1:
            for at, letter in enumerate(word[1:], 1):
                if letter in valued:
                    rest = word[at + 1 :]
                    found[letter] = rest if rest else todo.pop(0) if todo else ""
                    break
                if letter not in plain:
                    raise Unsupported(f"{process.name} {word}")
                found[letter] = ""
        else:
            operands.append(word)
    return found, operands
