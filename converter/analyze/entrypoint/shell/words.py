"""Words: quoting and expansions (XCU 2.2, 2.6; bash(1), QUOTING and EXPANSION)."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable

from converter.analyze.entrypoint.shell.scanner import META, Scanner
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

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PLAIN = re.compile(r"[A-Za-z0-9_./:,=%-]+")  # nothing in it means anything to the shell
_SPECIAL = "@*#?-$!0123456789"
_OPERATOR = re.compile(r":?[-=?+]|##?|%%?")
_BASH_OPERATOR = re.compile(r":?[-=?+]|##?|%%?|//|/#|/%|/|:|\^\^?|,,?|@[A-Za-z]")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "e": "\x1b", "E": "\x1b", "f": "\f",
            "v": "\v", "\\": "\\", "'": "'", '"': '"', "?": "?"}  # fmt: skip
_ANSI = re.compile(r"\\(x[0-9A-Fa-f]{1,2}|[0-7]{1,3}|u[0-9A-Fa-f]{1,4}|U[0-9A-Fa-f]{1,8}|c.|.)", re.DOTALL)


class WordReader:
    """Reads words from a scanner; `script` reads the commands of a substitution up to its `)`."""

    def __init__(self, scanner: Scanner, script: Callable[[Scanner], Script]) -> None:
        self.scan = scanner
        self._script = script

    def word(self, stop: str = "", *, meta: bool = True) -> Word:
        """A word from here up to a metacharacter (with `meta`) or a character of `stop`; may be empty."""
        scan, line = self.scan, self.scan.line
        parts: list[Part] = []
        while char := scan.peek():
            if char in stop or (meta and char in META and not self._process_starts()):
                break
            self._piece(parts, stop)
        return Word(_joined(parts), line)

    def _piece(self, parts: list[Part], stop: str) -> None:
        scan = self.scan
        char = scan.peek()
        if char == "\\":
            scan.at += 1
            if not scan.take("\n"):
                parts.append(Literal(scan.peek() or "\\", quoted=True))
                scan.at += 1
        elif char == "'":
            parts.append(Literal(self._until("'", 1), quoted=True))
        elif char == '"':
            parts.extend(self._double_quoted())
        elif char == "$" and scan.bash and scan.peek(1) == "'":
            scan.at += 1
            parts.append(Literal(self._ansi(), quoted=True))
        elif char == "$" and scan.bash and scan.peek(1) == '"':
            scan.at += 1
            parts.extend(self._double_quoted())
        elif char == "$":
            parts.append(self._dollar(quoted=False))
        elif char == "`":
            parts.append(self._backquoted(quoted=False))
        elif self._process_starts():
            writes = char == ">"
            scan.at += 2
            parts.append(ProcessSubstitution(self._body(), writes))
        elif scan.bash and char in "?*+@!" and scan.peek(1) == "(" and "(" not in stop:
            parts.append(Literal(self._extended_pattern()))
        else:
            plain = _PLAIN.match(scan.text, scan.at)
            end = plain.end() if plain and not stop else scan.at + 1
            parts.append(Literal(scan.text[scan.at : end]))
            scan.at = end

    def _process_starts(self) -> bool:
        return self.scan.bash and self.scan.peek(1) == "(" and self.scan.peek() in ("<", ">")

    def _until(self, end: str, skip: int) -> str:
        """The text between here + skip and `end`, which is taken too."""
        start = self.scan.at + skip
        found = self.scan.text.find(end, start)
        if found < 0:
            raise self.scan.fail(f"a {end} without its end")
        self.scan.at = found + 1
        return self.scan.text[start:found]

    def _extended_pattern(self) -> str:
        """`+(a|b)` as it stands (bash(1), Pattern Matching)."""
        scan, start, open_ = self.scan, self.scan.at, 0
        while char := scan.peek():
            scan.at += 2 if char == "\\" else 1
            open_ += {"(": 1, ")": -1}.get(char, 0)
            if char == ")" and open_ == 0:
                return scan.text[start : scan.at]
        raise scan.fail("a pattern's ( without its )")

    def _ansi(self) -> str:
        """`$'...'`: escapes as in C (bash(1), QUOTING)."""
        scan, start = self.scan, self.scan.at + 1
        at = start
        while (char := scan.text[at : at + 1]) != "'":
            if not char:
                raise scan.fail("a $' without its end")
            at += 2 if char == "\\" else 1
        scan.at = at + 1
        return _ANSI.sub(_ansi_escape, scan.text[start:at])

    def _double_quoted(self) -> list[Part]:
        self.scan.at += 1
        parts = self.quoted_text('"')
        if not self.scan.take('"'):
            raise self.scan.fail('a " without its end')
        return parts or [Literal("", quoted=True)]

    def quoted_text(self, stop: str, escapes: str = '$`"\\') -> list[Part]:
        """The inside of double quotes, up to a character of `stop` or the end."""
        scan = self.scan
        parts: list[Part] = []
        text: list[str] = []

        def flush() -> None:
            if text:
                parts.append(Literal("".join(text), quoted=True))
                text.clear()

        while (char := scan.peek()) and char not in stop:
            if char == "\\" and scan.peek(1) == "\n":
                scan.at += 2
            elif char == "\\" and scan.peek(1) and scan.peek(1) in escapes:
                text.append(scan.peek(1))
                scan.at += 2
            elif char in "$`":
                flush()
                parts.append(self._dollar(quoted=True) if char == "$" else self._backquoted(quoted=True))
            else:
                text.append(char)
                scan.at += 1
        flush()
        return list(_joined(parts))

    def _dollar(self, *, quoted: bool) -> Part:
        scan = self.scan
        scan.at += 1
        if scan.looking_at("(("):
            start = scan.at
            scan.at += 2
            expression = self.arithmetic("))")
            if expression is not None:
                return Arithmetic(expression, quoted)
            scan.at = start  # `$((` that opens a subshell in a substitution
        if scan.take("("):
            return Substitution(self._body(), quoted)
        if scan.peek() == "{":
            scan.at += 1
            scan.deeper()
            start = scan.at
            parameter = self._braced(quoted)
            if parameter is None:
                scan.at = start
                self.word("}", meta=False)
                if not scan.take("}"):
                    raise scan.fail("a ${ without its }")
                parameter = Parameter(scan.text[start : scan.at - 1], quoted, "bad")
            scan.depth -= 1
            return parameter
        if name := NAME.match(scan.text, scan.at):
            scan.at = name.end()
            return Parameter(name[0], quoted)
        if scan.peek() and scan.peek() in _SPECIAL:
            scan.at += 1
            return Parameter(scan.text[scan.at - 1], quoted)
        return Literal("$", quoted)

    def _body(self) -> Script:
        """The script of a substitution, its opening bracket taken already."""
        self.scan.deeper()
        script = self._script(self.scan)
        self.scan.depth -= 1
        if not self.scan.take(")"):
            raise self.scan.fail("a $( without its )")
        return script

    def arithmetic(self, end: str) -> Word | None:
        """An expression up to `end` at bracket depth 0, taken too; None if a lone `)` comes first."""
        scan, line = self.scan, self.scan.line
        parts: list[Part] = []
        open_ = 0
        while char := scan.peek():
            if open_ == 0 and scan.looking_at(end):
                scan.at += len(end)
                return Word(_joined(parts), line)
            if char == ")" and open_ == 0 and end == "))":
                return None
            if char == '"':
                parts.extend(self._double_quoted())
                continue
            if char in "$`":
                parts.append(self._dollar(quoted=True) if char == "$" else self._backquoted(quoted=True))
                continue
            open_ += {"(": 1, ")": -1}.get(char, 0)
            parts.append(Literal(char, quoted=True))
            scan.at += 1
        raise scan.fail(f"an expression without its {end}")

    def _backquoted(self, *, quoted: bool) -> Substitution:
        scan, line = self.scan, self.scan.line
        text: list[str] = []
        scan.at += 1
        while (char := scan.peek()) != "`":
            if not char:
                raise scan.fail("a ` without its end")
            following = scan.peek(1)
            if char == "\\" and following and following in ('$`\\"' if quoted else "$`\\"):
                char = following
                scan.at += 1
            text.append(char)
            scan.at += 1
        scan.at += 1
        inner = Scanner("".join(text), scan.bash, line)
        inner.depth = scan.depth
        inner.deeper()
        script = self._script(inner)
        if inner.peek():
            raise inner.fail(f"an unexpected {inner.peek()!r}")
        return Substitution(script, quoted)

    def _braced(self, quoted: bool) -> Parameter | None:
        """`${`, taken already, up to its `}`. None for a bad substitution, an error only when reached."""
        scan = self.scan
        indirect = (
            scan.bash and scan.peek() == "!" and bool(re.match(r"![A-Za-z_0-9@*#]", scan.text[scan.at :]))
        )
        scan.at += indirect
        if scan.peek() == "#" and re.match(
            r"#([A-Za-z_][A-Za-z0-9_]*(\[|\})|([0-9]+|[@*?!$#-])\})", scan.text[scan.at : scan.at + 300]
        ):
            scan.at += 1
            name, subscript = self._name()
            return Parameter(name, quoted, "length", subscript=subscript) if scan.take("}") else None
        name, subscript = self._name()
        if not name:
            return None
        if indirect and scan.peek() in ("*", "@") and scan.peek(1) == "}":
            star = Word((Literal(scan.peek()),))
            scan.at += 2
            return Parameter(name, quoted, "names", subscript=star)
        if scan.take("}"):
            if indirect and subscript is not None:
                return Parameter(name, quoted, "keys", subscript=subscript)
            return Parameter(name, quoted, subscript=subscript, indirect=indirect)
        found = (_BASH_OPERATOR if scan.bash else _OPERATOR).match(scan.text, scan.at)
        if found is None:
            return None
        scan.at = found.end()
        operator, second = found[0], None
        if operator == ":":
            operator = "substring"
            argument = self._argument(quoted, ":}")
            if scan.take(":"):
                second = self._argument(quoted, "}")
        elif operator[0] == "/":
            argument = self._pattern("/}")
            if scan.take("/"):
                second = self._argument(quoted, "}")
        elif operator[0] in "#%^,":
            argument = self._pattern("}")
        else:
            argument = self._argument(quoted, "}")
        if not scan.take("}"):
            return None
        return Parameter(name, quoted, operator, argument, second, subscript, indirect)

    def _name(self) -> tuple[str, Word | None]:
        scan = self.scan
        if found := re.compile(r"[0-9]+").match(scan.text, scan.at) or NAME.match(scan.text, scan.at):
            scan.at = found.end()
        elif scan.peek() and scan.peek() in _SPECIAL:
            scan.at += 1
            return scan.text[scan.at - 1], None
        else:
            return "", None
        subscript = None
        if scan.bash and scan.peek() == "[":
            scan.at += 1
            subscript = self.subscript()
        return found[0], subscript

    def subscript(self) -> Word:
        """Up to the `]` that ends a subscript, which is taken."""
        word = self.word("]", meta=False)
        if not self.scan.take("]"):
            raise self.scan.fail("a [ without its ]")
        return word

    def _argument(self, quoted: bool, stop: str) -> Word:
        """The word of an expansion: quoted as the expansion is; inner quotes still count."""
        if not quoted:
            return self.word(stop, meta=False)
        line = self.scan.line
        parts: list[Part] = []
        while (char := self.scan.peek()) and char not in stop:
            if char == '"':
                parts.extend(self._double_quoted())
            else:
                parts.extend(self.quoted_text(stop + '"', '$`"\\}'))
        return Word(_joined(parts), line)

    def _pattern(self, stop: str) -> Word:
        """A pattern in an expansion: not quoted even inside double quotes (XCU 2.6.2)."""
        return self.word(stop, meta=False)


def _joined(parts: list[Part]) -> tuple[Part, ...]:
    """Neighbouring literals with the same quoting made one; an empty quoted one is kept when it is alone."""
    joined: list[Part] = []
    for quoting, group in itertools.groupby(
        parts, lambda part: part.quoted if isinstance(part, Literal) else None
    ):
        same = list(group)
        if quoting is None:
            joined.extend(same)
        else:
            text = "".join(part.text for part in same if isinstance(part, Literal))
            joined.append(Literal(text, quoting))
    return tuple(joined)


def _ansi_escape(found: re.Match[str]) -> str:
    text = found[1]
    if text[0] == "x":
        return chr(int(text[1:], 16))
    if text[0] in "01234567":
        return chr(int(text, 8) & 0xFF)
    if text[0] in "uU" and len(text) > 1:
        return chr(min(int(text[1:], 16), 0x10FFFF)).encode("utf-8", "replace").decode("latin-1")
    if text[0] == "c" and len(text) == 2:
        return chr(ord(text[1]) & 0x1F)
    return _ESCAPES.get(text, "\\" + text)
