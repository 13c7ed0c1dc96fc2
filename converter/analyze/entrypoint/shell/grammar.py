"""The shell's grammar by recursive descent (POSIX.1-2017, XCU 2.10; bash(1), SHELL GRAMMAR)."""

from __future__ import annotations

import re
from dataclasses import replace

from converter.analyze.entrypoint.shell.compound import CompoundReader
from converter.analyze.entrypoint.shell.scanner import Scanner, SyntaxProblem
from converter.analyze.entrypoint.shell.syntax import (
    AndOr,
    Assignment,
    Command,
    Document,
    Function,
    Literal,
    Pipeline,
    Redirect,
    Script,
    Simple,
    Word,
)
from converter.analyze.entrypoint.shell.words import WordReader

_ASSIGNMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(\+?=|\[)")
_REDIRECTS = {"<", ">", ">>", ">|", "<>", "<&", ">&", "&>", "&>>", "<<", "<<-", "<<<"}
_CLOSING = {"then", "else", "elif", "fi", "do", "done", "esac", "}"}
_DECLARING = {"local", "declare", "typeset", "export", "readonly"}
_FUNCTION = re.compile(r"([^\s;&|<>()$`\"'\\=]+)[ \t]*\([ \t]*\)")


def parse_script(text: str, *, bash: bool, line: int = 1) -> Script:
    """The syntax tree of a whole script. Raises SyntaxProblem, as the shell would, with the line."""
    scanner = Scanner(text, bash, line)
    script = Grammar(scanner).script()
    if scanner.peek():
        raise scanner.fail(f"an unexpected {scanner.peek()!r}")
    return script


class Grammar:
    """Reads commands from a scanner."""

    def __init__(self, scanner: Scanner) -> None:
        self.scan = scanner
        self.words = WordReader(scanner, lambda inner: Grammar(inner).script())
        self._compound = CompoundReader(self)
        self._heredocs: list[tuple[Document, str, bool, bool]] = []

    def script(self) -> Script:
        """Commands up to the end, a `)`, `;;` or a reserved word that closes something."""
        commands: list[AndOr] = []
        while True:
            self.skip_lines()
            if self._ends():
                return Script(tuple(commands))
            command = self._and_or()
            self.scan.skip_blanks()
            operator = self.scan.operator()
            if operator == "&":
                command = replace(command, background=True)
            commands.append(command)
            if operator in ("&", ";"):
                self.scan.at += 1
            elif operator == "\n":
                self.newline()
            elif not self._ends():
                raise self.scan.fail(f"an unexpected {operator or self.scan.peek()!r}")
            elif operator == "":
                return Script(tuple(commands))

    def _ends(self) -> bool:
        if not self.scan.peek() or self.scan.operator() in (")", ";;", ";&", ";;&"):
            return True
        return self.reserved() in _CLOSING

    def reserved(self) -> str:
        """The unquoted name that stands here as a word of its own, not taken; "" if none does."""
        self.scan.skip_blanks()
        found = re.compile(r"(?:[a-z]+|[{}!]|\[\[)(?=[\s;&|<>()]|$)").match(self.scan.text, self.scan.at)
        return found[0] if found else ""

    def expect(self, word: str) -> None:
        """Take the reserved word `word`. Raises SyntaxProblem if it is not there."""
        self.skip_lines()
        if self.reserved() != word:
            raise self.scan.fail(f"{word!r} is missing")
        self.scan.at += len(word)

    def newline(self) -> None:
        """Take a newline, and the here-documents that begin after it."""
        self.scan.at += 1
        pending, self._heredocs = self._heredocs, []
        for document, end, tabs, quoted in pending:
            document.text = self._heredoc(end, tabs, quoted)

    def skip_lines(self) -> None:
        self.scan.skip_blanks()
        while self.scan.peek() == "\n":
            self.newline()
            self.scan.skip_blanks()

    def _and_or(self) -> AndOr:
        line = self.scan.line
        first = self._pipeline()
        rest: list[tuple[str, Pipeline]] = []
        while True:
            self.scan.skip_blanks()
            operator = self.scan.operator()
            if operator not in ("&&", "||"):
                return AndOr(line, first, tuple(rest))
            self.scan.at += 2
            self.skip_lines()
            rest.append((operator, self._pipeline()))

    def _pipeline(self) -> Pipeline:
        line, negated = self.scan.line, False
        while (word := self.reserved()) == "!" or (word == "time" and self.scan.bash):
            self.scan.at += len(word)
            negated ^= word == "!"
        commands = [self.command()]
        errors_too = False
        while True:
            self.scan.skip_blanks()
            operator = self.scan.operator()
            if operator not in ("|", "|&"):
                return Pipeline(line, tuple(commands), negated, errors_too)
            errors_too |= operator == "|&"
            self.scan.at += len(operator)
            self.skip_lines()
            commands.append(self.command())

    def command(self) -> Command:
        """One command, compound or simple, with its redirections."""
        self.scan.deeper()
        try:
            found = self._compound.read()
            if found is None:
                return self._function() or self._simple()
            redirects: list[Redirect] = []
            while (redirect := self.redirect()) is not None:
                redirects.append(redirect)
            return replace(found, redirects=tuple(redirects))
        finally:
            self.scan.depth -= 1

    def _function(self) -> Command | None:
        line = self.scan.line
        found = _FUNCTION.match(self.scan.text, self.scan.at)
        if self.scan.bash and self.reserved() == "function":
            self.scan.at += len("function")
            self.scan.skip_blanks()
            name = self.words.word("").literal()
            if not name:
                raise self.scan.fail("a function without a name")
            self.scan.skip_blanks()
            if self.scan.take("("):
                self.scan.skip_blanks()
                self.scan.take(")")
        elif found and _ASSIGNMENT.match(found[0]) is None:
            self.scan.at = found.end()
            name = found[1]
        else:
            return None
        self.skip_lines()
        return Function(line, name, self.command())

    def _simple(self) -> Simple:
        line = self.scan.line
        assignments: list[Assignment] = []
        words: list[Word | Assignment] = []
        redirects: list[Redirect] = []
        while True:
            self.scan.skip_blanks()
            redirect = self.redirect()
            if redirect is not None:
                redirects.append(redirect)
                continue
            if (self.scan.operator() and not self._process()) or not self.scan.peek():
                break
            first = words[0] if words else None
            declares = isinstance(first, Word) and first.literal() in _DECLARING
            assignment = self._assignment() if not words or (declares and self.scan.bash) else None
            if assignment is None:
                words.append(self.words.word())
            elif words:
                words.append(assignment)
            else:
                assignments.append(assignment)
        if not (assignments or words or redirects):
            raise self.scan.fail(f"an unexpected {self.scan.operator() or 'end of the script'!r}")
        return Simple(line, tuple(assignments), tuple(words), tuple(redirects))

    def _assignment(self) -> Assignment | None:
        scan = self.scan
        found = _ASSIGNMENT.match(scan.text, scan.at)
        if found is None or (found[2] != "=" and not scan.bash):
            return None
        start, subscript = scan.at, None
        scan.at = found.end()
        operator = found[2]
        if operator == "[":
            try:
                subscript = self.words.subscript()
            except SyntaxProblem:
                scan.at = start
                return None
            operator = "+=" if scan.take("+=") else "=" if scan.take("=") else ""
            if not operator:
                scan.at = start
                return None
        if scan.bash and subscript is None and scan.take("("):
            return Assignment(found[1], None, operator == "+=", None, self._elements())
        return Assignment(found[1], self.words.word(), operator == "+=", subscript)

    def _elements(self) -> tuple[tuple[Word | None, Word], ...]:
        elements: list[tuple[Word | None, Word]] = []
        while True:
            self.skip_lines()
            if self.scan.take(")"):
                return tuple(elements)
            if self.scan.operator() or not self.scan.peek():
                raise self.scan.fail("an array without its )")
            subscript = None
            if re.compile(r"\[[^\]\n]*\]=").match(self.scan.text, self.scan.at):
                self.scan.at += 1
                subscript = self.words.subscript()
                self.scan.at += 1
            elements.append((subscript, self.words.word()))

    def redirect(self) -> Redirect | None:
        """A redirection, if one is here; a here-document's text is filled in when its line ends."""
        scan = self.scan
        scan.skip_blanks()
        number = re.compile(r"([0-9]+|\{[A-Za-z_][A-Za-z0-9_]*\})(?=[<>])").match(scan.text, scan.at)
        if number and number[0][0] == "{" and not scan.bash:
            number = None
        start = scan.at
        scan.at = number.end() if number else start
        operator = scan.operator()
        if operator not in _REDIRECTS or (not number and self._process()):
            scan.at = start
            return None
        descriptor = int(number[0][:9]) if number and number[0][0] != "{" else None
        variable = number[0][1:-1] if number and descriptor is None else None
        scan.at += len(operator)
        scan.skip_blanks()
        raw = scan.at
        target = self.words.word()
        if not target.parts:
            raise scan.fail(f"nothing after {operator}")
        if operator in ("<<", "<<-"):
            quoted = any(mark in scan.text[raw : scan.at] for mark in "'\"\\")
            end = "".join(part.text for part in target.parts if isinstance(part, Literal))
            document = Document()
            self._heredocs.append((document, end, operator == "<<-", quoted))
            return Redirect("<<", target, document, descriptor)
        return Redirect(operator, target, None, descriptor, variable)

    def _process(self) -> bool:
        return self.scan.bash and self.scan.peek() in ("<", ">") and self.scan.peek(1) == "("

    def _heredoc(self, end: str, tabs: bool, quoted: bool) -> Word:
        scan, line, lines = self.scan, self.scan.line, []
        while scan.peek():
            stop = scan.text.find("\n", scan.at)
            stop = len(scan.text) if stop < 0 else stop
            text = scan.text[scan.at : stop]
            scan.at = min(stop + 1, len(scan.text))
            if tabs:
                text = text.lstrip("\t")
            if text == end:
                break
            lines.append(text + "\n")
        body = "".join(lines)
        if quoted:
            return Word((Literal(body, quoted=True),), line)
        inner = Scanner(body, scan.bash, line)
        inner.depth = scan.depth
        reader = WordReader(inner, lambda deeper: Grammar(deeper).script())
        return Word(tuple(reader.quoted_text("", "$`\\")) or (Literal("", quoted=True),), line)
