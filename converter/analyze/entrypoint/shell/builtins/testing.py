"""`test` and `[` (XCU test): decided after expansion, by the number of arguments first."""

from __future__ import annotations

from converter.analyze.entrypoint.shell.builtins.call import Call
from converter.analyze.entrypoint.shell.conditions import FILE_TESTS, TestProblem, Truth, binary, unary
from converter.analyze.entrypoint.shell.state import Shell
from converter.analyze.entrypoint.shell.values import Status, Unknown, Value

_UNARY = frozenset("-" + letter for letter in FILE_TESTS + "nztov")
_BINARY = frozenset(
    ("=", "==", "!=", "<", ">", "-eq", "-ne", "-lt", "-le", "-gt", "-ge", "-nt", "-ot", "-ef")
)


def test(call: Call) -> Status:
    shell, words = call.shell, list(call.args)
    for word in words:
        if isinstance(word, Unknown) and word.unquoted:
            return Unknown(word.reason)
    if call.words[0] == "[":
        if not words or words[-1] != "]":
            shell.complain("[: missing ]")
            return 2
        words.pop()
    try:
        truth = _Test(shell, words).whole()
    except TestProblem as problem:
        shell.complain(f"{call.words[0]}: {problem}")
        return 2
    return truth if isinstance(truth, Unknown) else int(not truth)


class _Test:
    """One expression; `!`, `-a`, `-o` and brackets only where the number of words leaves no doubt."""

    def __init__(self, shell: Shell, words: list[Value]) -> None:
        self._shell = shell
        self._words = words
        self._at = 0

    def whole(self) -> Truth:
        words, count = self._words, len(self._words)
        if count == 0:
            return False
        if count == 1:
            return unary(self._shell, "-n", words[0])
        if count == 2 and words[0] == "!":
            return _not(unary(self._shell, "-n", words[1]))
        if count == 3 and words[1] in _BINARY:
            return binary(self._shell, words[0], str(words[1]), words[2])
        if count == 4 and words[0] == "!" and words[2] in _BINARY:
            return _not(binary(self._shell, words[1], str(words[2]), words[3]))
        truth = self._or()
        if self._at < count:
            raise TestProblem("too many arguments")
        return truth

    def _peek(self, ahead: int = 0) -> Value:
        at = self._at + ahead
        return self._words[at] if at < len(self._words) else ""

    def _or(self) -> Truth:
        left = self._and()
        while self._at < len(self._words) and self._peek() == "-o":
            self._at += 1
            right = self._and()
            left = _either(left, right)
        return left

    def _and(self) -> Truth:
        left = self._not()
        while self._at < len(self._words) and self._peek() == "-a":
            self._at += 1
            left = _not(_either(_not(left), _not(self._not())))
        return left

    def _not(self) -> Truth:
        negated = False
        while self._peek() == "!" and len(self._words) - self._at > 1 and self._peek(1) not in _BINARY:
            self._at += 1
            negated = not negated
        truth = self._primary()
        return _not(truth) if negated else truth

    def _primary(self) -> Truth:
        if self._at >= len(self._words):
            raise TestProblem("argument expected")
        left = len(self._words) - self._at
        first = self._peek()
        if first == "(" and left > 2 and self._peek(1) not in _BINARY:
            self._at += 1
            truth = self._or()
            if self._peek() != ")":
                raise TestProblem("closing paren expected")
            self._at += 1
            return truth
        if left > 2 and self._peek(1) in _BINARY:
            self._at += 3
            return binary(self._shell, first, str(self._words[self._at - 2]), self._words[self._at - 1])
        if first in _UNARY and left > 1:
            self._at += 2
            return unary(self._shell, str(first), self._words[self._at - 1])
        self._at += 1
        return unary(self._shell, "-n", first)


def _not(truth: Truth) -> Truth:
    return truth if isinstance(truth, Unknown) else not truth


def _either(left: Truth, right: Truth) -> Truth:
    if left is True or right is True:
        return True
    return left if isinstance(left, Unknown) else right
