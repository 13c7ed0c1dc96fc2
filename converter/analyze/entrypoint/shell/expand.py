"""Word expansion: parameters, substitutions, field splitting, path names (XCU 2.6)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from converter.analyze.entrypoint.shell import pattern as patterns
from converter.analyze.entrypoint.shell.arithmetic import ArithmeticProblem, Expression, number
from converter.analyze.entrypoint.shell.braces import BraceProblem, brace_expanded
from converter.analyze.entrypoint.shell.parameter import ParameterExpansion
from converter.analyze.entrypoint.shell.pathname import pathnames
from converter.analyze.entrypoint.shell.special import special
from converter.analyze.entrypoint.shell.state import Shell, ShellExit, Variable
from converter.analyze.entrypoint.shell.syntax import (
    Arithmetic,
    Literal,
    Parameter,
    Part,
    ProcessSubstitution,
    Script,
    Substitution,
    Word,
)
from converter.analyze.entrypoint.shell.values import Unknown, Value, join, to_text
from converter.analyze.users import database

MAX_FIELDS = 20_000
_TILDE = re.compile(r"~(?P<user>[A-Za-z0-9_.+-]*)(?=/|\Z)")
_COLON_TILDE = re.compile(r":~(?P<user>[A-Za-z0-9_.-]*)(?=[/:]|\Z)")


@dataclass(frozen=True, slots=True)
class Piece:
    """Part of a field: `split` says that blanks in it separate fields; None as a value ends a field."""

    value: Value | None
    quoted: bool = False
    split: bool = False


BREAK = Piece(None)  # between the parameters of $@
STAR_BREAK = Piece(None, split=True)  # of $*: where nothing is split, the first character of IFS


class Expander:
    """Expands words in the state of `shell`; `substitute` runs the commands of a `$( )`."""

    def __init__(
        self,
        shell: Shell,
        substitute: Callable[[Script], Value],
        process: Callable[[ProcessSubstitution], str],
    ) -> None:
        self.shell = shell
        self._substitute = substitute
        self._process = process

    def fields(self, words: tuple[Word, ...]) -> list[Value]:
        """The arguments that `words` become."""
        result: list[Value] = []
        for word in words:
            for each in self._braces(word):
                for field in self._split(self.pieces(each.parts)):
                    result += self._path_names(field)
            self.shell.world.spend(sum(len(value) for value in result if isinstance(value, str)))
            if len(result) > MAX_FIELDS:
                raise self.shell.undecided(f"a command with more than {MAX_FIELDS} arguments")
        return result

    def _braces(self, word: Word) -> tuple[Word, ...]:
        if not self.shell.bash:
            return (word,)
        try:
            return brace_expanded(word)
        except BraceProblem as problem:
            raise self.shell.undecided(str(problem)) from problem

    def text(self, word: Word | None) -> Value:
        """A word that stays one field: in redirections, `case`, here-documents."""
        return self._joined(self._whole(word))

    def assigned(self, word: Word | None) -> Value:
        """The right side of an assignment: a tilde counts behind each colon as well (XCU 2.6.1)."""
        if word is None:
            return self.text(None)
        parts = tuple(
            replace(part, text=_COLON_TILDE.sub(lambda found: ":" + self._home(found), part.text))
            if isinstance(part, Literal) and not part.quoted and ":~" in part.text
            else part
            for part in word.parts
        )
        return self.text(replace(word, parts=parts))

    def _joined(self, pieces: list[Piece]) -> Value:
        ifs = self.shell.get("IFS")
        star = ifs[:1] if isinstance(ifs, str) else " "
        return join(
            [piece.value if piece.value is not None else star if piece.split else " " for piece in pieces]
        )

    def known(self, word: Word | None, what: str) -> str:
        """Its text. Raises Undecided if it is not known."""
        value = self.text(word)
        if isinstance(value, Unknown):
            raise self.shell.undecided(f"{what} depends on {value.reason}")
        return value

    def pattern(self, word: Word | None) -> Value:
        """A word as a pattern: what was quoted in it matches only itself."""
        pieces = self._whole(word)
        values: list[Value] = []
        for piece in pieces:
            value = " " if piece.value is None else piece.value
            values.append(patterns.escaped(value) if piece.quoted and isinstance(value, str) else value)
        return join(values)

    def regex(self, word: Word) -> Value:
        """The right side of `=~`: what was quoted is literal."""
        values: list[Value] = []
        for piece in self._whole(word):
            value = piece.value or ""
            values.append(re.escape(value) if piece.quoted and isinstance(value, str) else value)
        return join(values)

    def _whole(self, word: Word | None) -> list[Piece]:
        if word is None:
            return []
        pieces = self.pieces(word.parts)
        if (
            pieces
            and pieces[0].value is not None
            and not pieces[0].quoted
            and isinstance(pieces[0].value, str)
        ):
            first = word.parts[0]
            if isinstance(first, Literal):
                pieces[0] = Piece(self._tilde(pieces[0].value, word), pieces[0].quoted)
        return pieces

    def _tilde(self, text: str, word: Word) -> str:
        """`~` and `~/x` at the start of a word."""
        if self.shell.bash and not self.shell.posix and (assigned := re.match(r"[A-Za-z_]\w*=(?=~)", text)):
            return assigned[0] + self._tilde(text[assigned.end() :], word)
        if text[:1] != "~":
            return text
        found = _TILDE.match(text)
        if found is None or (found.end() == len(text) and len(word.parts) > 1):
            return text
        return self._home(found) + text[found.end() :]

    def _home(self, found: re.Match[str]) -> str:
        """What `~` or `~user` stands for; itself if nobody knows (XCU 2.6.1)."""
        name = found["user"]
        if name in ("+", "-") and self.shell.bash:
            home = self.shell.get("PWD" if name == "+" else "OLDPWD")
            return home if isinstance(home, str) else "~" + name
        home = self.shell.get("HOME")
        if name:
            users = database(self.shell.world.files.view, b"/etc/passwd")
            home = next((to_text(user[5]) for user in users if to_text(user[0]) == name), None)
        return home if isinstance(home, str) else "~" + name

    def pieces(self, parts: tuple[Part, ...], *, expanded: bool = False) -> list[Piece]:
        """The expansions of `parts`; `expanded`: they are the word of an expansion, which is split."""
        result: list[Piece] = []
        for at, part in enumerate(parts):
            if isinstance(part, Literal):
                text = part.text
                if at == 0 and not part.quoted:
                    text = self._tilde(text, Word(parts))
                result.append(Piece(text, part.quoted, expanded and not part.quoted))
            elif isinstance(part, Parameter):
                result += ParameterExpansion(self, part).pieces()
            elif isinstance(part, Substitution):
                result.append(self._piece(self._substitute(part.body), part.quoted))
            elif isinstance(part, Arithmetic):
                result.append(self._piece(self.arithmetic(part.expression), part.quoted))
            else:
                result.append(Piece(self._process(part), quoted=True))
        return result

    def _piece(self, value: Value, quoted: bool) -> Piece:
        return Piece(value, quoted, not quoted)

    def arithmetic(self, word: Word) -> Value:
        """The value of an expression, as text."""
        text = self.text(word)
        if isinstance(text, Unknown):
            return Unknown(text.reason, filled=True)
        lost: list[Unknown] = []

        def read(name: str) -> int:
            value = self._operand(name, read)
            if isinstance(value, Unknown):
                lost.append(value)
                return 1
            if not value:
                if "u" in self.shell.options and value is None:
                    raise ArithmeticProblem(f"{name}: unbound variable")
                return 0
            try:
                return number(value.strip().lstrip("+-")) * (-1 if value.strip().startswith("-") else 1)
            except ArithmeticProblem:
                if not self.shell.bash or self.shell.depth > 30:
                    raise
                return Expression(value, read, lambda name, number: self._assign(name, number, read)).value()

        def write(name: str, value: int) -> None:
            self._assign(name, value, read)

        try:
            result = Expression(text, read, write).value()
        except ArithmeticProblem as problem:
            self.shell.complain(f"arithmetic expression: {problem}")
            raise ShellExit(1 if self.shell.bash else 2) from problem
        return Unknown(lost[0].reason, filled=True) if lost else str(result)

    def _operand(self, name: str, read: Callable[[str], int]) -> Value | None:
        """The text of a variable, or of an array's element. Raises ArithmeticProblem."""
        base, bracket, _ = name.partition("[")
        if not bracket:
            value = self.shell.get(name)
            found = special(self.shell, name, None) if value is None else value
            return None if isinstance(found, list) else found
        variable, key = self._element(name, read)
        if variable is not None and isinstance(variable.value, dict):
            return variable.value.get(key)
        return self.shell.get(base) if key == 0 else None

    def _element(self, name: str, read: Callable[[str], int]) -> tuple[Variable | None, int | str]:
        if not self.shell.bash:
            raise ArithmeticProblem(f"{name}: no arrays here")
        base, _, subscript = name.removesuffix("]").partition("[")
        variable = self.shell.variables.get(base)
        if variable is not None and variable.keyed:
            return variable, subscript.strip("\"'")
        return variable, Expression(
            subscript, read, lambda inner, value: self._assign(inner, value, read)
        ).value()

    def _assign(self, name: str, value: int, read: Callable[[str], int]) -> None:
        base, bracket, _ = name.partition("[")
        if not bracket:
            self.shell.set(name, str(value))
            return
        variable, key = self._element(name, read)
        if variable is None:
            variable = self.shell.variables.setdefault(base, Variable())
        if not isinstance(variable.value, dict):
            variable.value = {} if variable.value is None else {0: variable.value}
        variable.value[key] = str(value)

    def _split(self, pieces: list[Piece]) -> list[list[Piece]]:
        """Fields out of pieces (XCU 2.6.5)."""
        ifs = self.shell.get("IFS")
        if isinstance(ifs, Unknown):
            raise self.shell.undecided(f"IFS depends on {ifs.reason}")
        separators = " \t\n" if ifs is None else ifs
        blanks = "".join(char for char in separators if char in " \t\n")
        fields: list[list[Piece]] = []
        current: list[Piece] = []

        def end(always: bool = False) -> None:
            if always or any(piece.quoted or piece.value != "" for piece in current):
                fields.append(list(current))
            current.clear()

        for piece in pieces:
            if piece.value is None:
                end(always=False)
            elif not piece.split or not isinstance(piece.value, str) or not separators:
                value = piece.value
                if isinstance(value, Unknown) and piece.split and separators:
                    value = Unknown(value.reason, value.filled, unquoted=True)
                current.append(Piece(value, piece.quoted))
            else:
                self._split_text(piece.value, separators, blanks, current, end)
        end()
        return fields

    def _split_text(
        self, text: str, separators: str, blanks: str, current: list[Piece], end: Callable[[bool], None]
    ) -> None:
        at, start = 0, 0
        while at < len(text):
            if text[at] not in separators:
                at += 1
                continue
            if at > start:
                current.append(Piece(text[start:at]))
            # One separator: blanks around at most one other character.
            run = at
            while run < len(text) and text[run] in blanks:
                run += 1
            solid = run < len(text) and text[run] in separators
            if solid:
                run += 1
                while run < len(text) and text[run] in blanks:
                    run += 1
            end(solid)
            at = start = run
        if start < len(text):
            current.append(Piece(text[start:]))

    def _path_names(self, field: list[Piece]) -> list[Value]:
        value = join([piece.value for piece in field if piece.value is not None])
        if isinstance(value, Unknown):
            # Loses none of its mark: an unquoted unknown can be any number of words.
            loose = any(isinstance(piece.value, Unknown) and piece.value.unquoted for piece in field)
            return [Unknown(value.reason, value.filled, unquoted=loose)]
        if "f" in self.shell.options:
            return [value]
        text = "".join(
            patterns.escaped(piece.value) if piece.quoted else piece.value.replace("\\", "\\\\")
            for piece in field
            if isinstance(piece.value, str)
        )
        if not patterns.has_pattern(text):
            return [value]
        if "globstar" in self.shell.options and "**" in text.split("/"):
            raise self.shell.undecided(f"a pattern for any number of folders (globstar): {value}")
        try:
            found = pathnames(self.shell, text)
        except patterns.PatternProblem as problem:
            raise self.shell.undecided(str(problem)) from problem
        if found:
            return list(found)
        if "failglob" in self.shell.options:
            raise self.shell.undecided(f"a pattern that matches nothing, with failglob: {value}")
        return [] if "nullglob" in self.shell.options else [value]
