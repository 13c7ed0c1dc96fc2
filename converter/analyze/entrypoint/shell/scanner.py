"""Walks over the text of a script: blanks, comments, operators, lines; words are in `words`."""

from __future__ import annotations

OPERATORS = (
    "&&", "||", ";;&", ";;", ";&", "|&", "&>>", "&>", "<<<", "<<-", "<<", ">>", "<&", ">&", "<>", ">|",
    "|", "&", ";", "(", ")", "<", ">",
)  # fmt: skip
_BY_LENGTH = sorted(OPERATORS, key=len, reverse=True)
_BASH_ONLY = {";;&", ";&", "|&", "&>>", "&>", "<<<"}
META = frozenset(" \t\n|&;()<>")
MAX_DEPTH = 60  # constructs inside each other, so that Python's own stack is never the limit


class SyntaxProblem(ValueError):
    """What the shell would call a syntax error, or a construct that is too deep. `line` counts from 1."""

    def __init__(self, line: int, what: str) -> None:
        super().__init__(what)
        self.line = line
        self.what = what


class Scanner:
    """A position in a text. `bash` says which dialect's operators and expansions there are."""

    def __init__(self, text: str, bash: bool, line: int = 1) -> None:
        self.text = text
        self.bash = bash
        self.at = 0
        self.depth = 0
        self._counted, self._line = 0, line

    @property
    def line(self) -> int:
        """Of the present position. Counted forward only, so that a long script costs no square."""
        if self.at < self._counted:
            self._line -= self.text.count("\n", self.at, self._counted)
        else:
            self._line += self.text.count("\n", self._counted, self.at)
        self._counted = self.at
        return self._line

    def fail(self, what: str) -> SyntaxProblem:
        return SyntaxProblem(self.line, what)

    def peek(self, ahead: int = 0) -> str:
        """One character, or "" at the end."""
        return self.text[self.at + ahead : self.at + ahead + 1]

    def looking_at(self, text: str) -> bool:
        return self.text.startswith(text, self.at)

    def take(self, text: str) -> bool:
        if self.looking_at(text):
            self.at += len(text)
            return True
        return False

    def skip_blanks(self) -> None:
        """Blanks, line continuations, and a comment up to its newline (XCU 2.3)."""
        while True:
            if self.peek() in (" ", "\t") and self.peek():
                self.at += 1
            elif self.looking_at("\\\n"):
                self.at += 2
            elif self.peek() == "#":
                end = self.text.find("\n", self.at)
                self.at = len(self.text) if end < 0 else end
            else:
                return

    def operator(self) -> str:
        """The operator here, not taken; "" if there is none. `\\n` counts as one."""
        if self.peek() == "\n":
            return "\n"
        for operator in _BY_LENGTH:
            if self.looking_at(operator) and (self.bash or operator not in _BASH_ONLY):
                return operator
        return ""

    def deeper(self) -> None:
        """Count a construct that opens. Raises SyntaxProblem if they are too deep."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.fail(f"more than {MAX_DEPTH} constructs inside each other")
