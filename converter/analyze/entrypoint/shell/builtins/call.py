"""A builtin's call: its arguments, and the shell it works in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from converter.analyze.entrypoint.shell.syntax import Assignment
from converter.analyze.entrypoint.shell.values import Unknown, Value

if TYPE_CHECKING:
    from converter.analyze.entrypoint.shell.simple import SimpleCommands
    from converter.analyze.entrypoint.shell.state import Shell


@dataclass(frozen=True, slots=True)
class Call:
    commands: SimpleCommands
    words: list[Value]  # with the name in front
    declared: list[Assignment]

    @property
    def shell(self) -> Shell:
        return self.commands.shell

    @property
    def args(self) -> list[Value]:
        return self.words[1:]

    def known(self) -> list[str]:
        """The arguments. Raises Undecided if one is not known."""
        result: list[str] = []
        for word in self.args:
            if isinstance(word, Unknown):
                raise self.shell.undecided(f"{self.words[0]} with {word.reason}")
            result.append(word)
        return result

    def fixed(self) -> list[Value]:
        """The arguments, some perhaps unknown. Raises Undecided if their number is."""
        for word in self.args:
            if isinstance(word, Unknown) and word.unquoted:
                raise self.shell.undecided(f"{self.words[0]} with {word.reason}")
        return self.args
