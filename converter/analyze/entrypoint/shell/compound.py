"""Compound commands: if, loops, case, groups, `[[ ]]` and `(( ))` (XCU 2.9.4; bash(1), Compound Commands)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from converter.analyze.entrypoint.shell.syntax import (
    ArithmeticCommand,
    ArithmeticFor,
    Case,
    CaseItem,
    Command,
    Condition,
    For,
    Group,
    If,
    Literal,
    Loop,
    Script,
    Word,
)
from converter.analyze.entrypoint.shell.words import NAME

if TYPE_CHECKING:
    from converter.analyze.entrypoint.shell.grammar import Grammar

_UNARY = frozenset("-" + letter for letter in "abcdefghknoprstuvwxzGLNOSR")
_BINARY = frozenset(("=", "==", "!=", "=~", "-eq", "-ne", "-lt", "-le", "-gt", "-ge", "-nt", "-ot", "-ef"))


class CompoundReader:
    """Reads the compound command at the scanner's position."""

    def __init__(self, grammar: Grammar) -> None:
        self._grammar = grammar

    def read(self) -> Command | None:
        """None if the next command is a simple one or a function."""
        grammar, scan = self._grammar, self._grammar.scan
        word = grammar.reserved()
        line = scan.line
        if word == "{":
            scan.at += 1
            body = grammar.script()
            grammar.expect("}")
            return Group(line, body)
        if word == "if":
            return self._if(line)
        if word in ("while", "until"):
            scan.at += len(word)
            condition = grammar.script()
            return Loop(line, condition, self._do(), word == "until")
        if word == "for":
            return self._for(line)
        if word == "case":
            return self._case(line)
        if word == "[[" and scan.bash:
            scan.at += 2
            condition_ = self._or()
            grammar.skip_lines()
            if not scan.take("]]"):
                raise scan.fail("a [[ without its ]]")
            return condition_
        if word == "select" and scan.bash:
            raise scan.fail("`select` asks a person")
        if scan.peek() != "(":
            return None
        if scan.bash and scan.looking_at("(("):
            start = scan.at
            scan.at += 2
            expression = grammar.words.arithmetic("))")
            if expression is not None:
                return ArithmeticCommand(line, expression)
            scan.at = start
        scan.at += 1
        body = grammar.script()
        if not scan.take(")"):
            raise scan.fail("a ( without its )")
        return Group(line, body, subshell=True)

    def _if(self, line: int) -> If:
        grammar = self._grammar
        branches: list[tuple[Script, Script]] = []
        otherwise: Script | None = None
        grammar.scan.at += 2
        while True:
            condition = grammar.script()
            grammar.expect("then")
            branches.append((condition, grammar.script()))
            if grammar.reserved() == "elif":
                grammar.scan.at += 4
                continue
            if grammar.reserved() == "else":
                grammar.scan.at += 4
                otherwise = grammar.script()
            grammar.expect("fi")
            return If(line, tuple(branches), otherwise)

    def _do(self) -> Script:
        grammar = self._grammar
        grammar.expect("do")
        body = grammar.script()
        grammar.expect("done")
        return body

    def _for(self, line: int) -> For | ArithmeticFor:
        grammar, scan = self._grammar, self._grammar.scan
        scan.at += 3
        scan.skip_blanks()
        if scan.bash and scan.take("(("):
            parts = [grammar.words.arithmetic(end) for end in (";", ";", "))")]
            start, condition, step = (part or Word((), line) for part in parts)
            self._separator()
            return ArithmeticFor(line, start, condition, step, self._braced_or_do())
        name = NAME.match(scan.text, scan.at)
        if name is None:
            raise scan.fail("a for without a name")
        scan.at = name.end()
        words: list[Word] | None = None
        grammar.skip_lines()
        if grammar.reserved() == "in":
            scan.at += 2
            words = []
            while True:
                scan.skip_blanks()
                if scan.operator() or not scan.peek():
                    break
                words.append(grammar.words.word())
        self._separator()
        return For(line, name[0], None if words is None else tuple(words), self._braced_or_do())

    def _separator(self) -> None:
        self._grammar.scan.skip_blanks()
        self._grammar.scan.take(";")
        self._grammar.skip_lines()

    def _braced_or_do(self) -> Script:
        """bash takes `{ }` for `do done` here."""
        grammar = self._grammar
        if grammar.scan.bash and grammar.reserved() == "{":
            grammar.scan.at += 1
            body = grammar.script()
            grammar.expect("}")
            return body
        return self._do()

    def _case(self, line: int) -> Case:
        grammar, scan = self._grammar, self._grammar.scan
        scan.at += 4
        scan.skip_blanks()
        subject = grammar.words.word()
        grammar.expect("in")
        items: list[CaseItem] = []
        while True:
            grammar.skip_lines()
            if grammar.reserved() == "esac":
                scan.at += 4
                return Case(line, subject, tuple(items))
            scan.take("(")
            patterns: list[Word] = []
            while True:
                scan.skip_blanks()
                patterns.append(grammar.words.word())
                scan.skip_blanks()
                if not scan.take("|"):
                    break
            if not scan.take(")"):
                raise scan.fail("a pattern of case without its )")
            body = grammar.script()
            end = scan.operator()
            if end in (";;", ";&", ";;&"):
                scan.at += len(end)
            elif grammar.reserved() != "esac":
                raise scan.fail("a case without its esac")
            items.append(CaseItem(tuple(patterns), body, end if end.startswith(";") else ";;"))

    def _or(self) -> Condition:
        found = self._and()
        while self._taken("||"):
            found = Condition(found.line, "||", (found, self._and()))
        return found

    def _and(self) -> Condition:
        found = self._not()
        while self._taken("&&"):
            found = Condition(found.line, "&&", (found, self._not()))
        return found

    def _taken(self, operator: str) -> bool:
        self._grammar.skip_lines()
        return self._grammar.scan.take(operator)

    def _not(self) -> Condition:
        grammar, scan = self._grammar, self._grammar.scan
        grammar.skip_lines()
        line = scan.line
        scan.deeper()
        try:
            if grammar.reserved() == "!":
                scan.at += 1
                return Condition(line, "!", (self._not(),))
            if scan.take("("):
                found = self._or()
                if not self._taken(")"):
                    raise scan.fail("a ( without its ) in [[ ]]")
                return found
        finally:
            scan.depth -= 1
        first = self._operand()
        text = first.literal()
        if text in _UNARY and not self._at_end():
            return Condition(line, text or "", (self._operand(),))
        if self._at_end():
            return Condition(line, "word", (first,))
        operator = scan.peek() if scan.peek() in ("<", ">") else ""
        if operator:
            scan.at += 1
        else:
            operator = self._operand().literal() or ""
        if operator not in _BINARY and operator not in ("<", ">"):
            raise scan.fail(f"no operator of [[ ]]: {operator!r}")
        scan.skip_blanks()
        return Condition(line, operator, (first, self._regex() if operator == "=~" else self._operand()))

    def _at_end(self) -> bool:
        scan = self._grammar.scan
        scan.skip_blanks()
        return scan.looking_at("]]") or scan.operator() in ("&&", "||", ")", "\n")

    def _operand(self) -> Word:
        self._grammar.scan.skip_blanks()
        word = self._grammar.words.word()
        if not word.parts:
            raise self._grammar.scan.fail("an operand of [[ ]] is missing")
        return word

    def _regex(self) -> Word:
        """Up to a blank outside of brackets: `(a|b)` belongs to it."""
        scan, words = self._grammar.scan, self._grammar.words
        parts = list(words.word(" \t\n()|<>;&", meta=False).parts)
        depth = 0
        while (scan.peek() and scan.peek() in "()|<>;&") or (depth and scan.peek() in (" ", "\t")):
            char = scan.peek()
            if depth == 0 and (char == ")" or scan.looking_at("||") or scan.looking_at("&&")):
                break
            depth += {"(": 1, ")": -1}.get(char, 0)
            scan.at += 1
            parts.append(Literal(char))
            parts += words.word(" \t\n()|<>;&", meta=False).parts
        return Word(tuple(parts), scan.line)
