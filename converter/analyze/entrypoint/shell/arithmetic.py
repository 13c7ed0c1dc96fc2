"""Integer arithmetic of `$(( ))`, `(( ))` and `let` (XCU 2.6.4; bash(1), ARITHMETIC EVALUATION)."""

from __future__ import annotations

import re
from collections.abc import Callable

_TOKEN = re.compile(
    r"\s*(?:(0[xX][0-9a-fA-F]+|[0-9]+#[0-9a-zA-Z@_]+|[0-9]+)|([A-Za-z_][A-Za-z0-9_]*(?:\[(?:[^][]|\[[^][]*\])*\])?)"
    r"|(<<=|>>=|\*\*|\+\+|--|&&|\|\||<<|>>|<=|>=|==|!=|[-+*/%&^|]=|[-+*/%<>=!~&^|?:(),]))"
)
_LEVELS = (("||",), ("&&",), ("|",), ("^",), ("&",), ("==", "!="), ("<", "<=", ">", ">="), ("<<", ">>"),
           ("+", "-"), ("*", "/", "%"), ("**",))  # fmt: skip
_ASSIGN = ("=", "+=", "-=", "*=", "/=", "%=", "&=", "^=", "|=", "<<=", ">>=")
_MAX_TOKENS = 500


class ArithmeticProblem(ValueError):
    """What the shell would complain about."""


class Expression:
    """Evaluates one expression; variables, and elements of arrays as `name[...]`, are read and written
    through the two functions.
    """

    def __init__(self, text: str, read: Callable[[str], int], write: Callable[[str, int], None]) -> None:
        self._tokens: list[str] = []
        self._read, self._write = read, write
        self._at = 0
        self._skip = 0  # inside a branch that is not taken: nothing is assigned
        at = 0
        text = text.rstrip()
        while at < len(text):
            found = _TOKEN.match(text, at)
            if found is None or len(self._tokens) > _MAX_TOKENS:
                raise ArithmeticProblem("syntax error in an expression")
            self._tokens.append(found[1] or found[2] or found[3])
            at = found.end()

    def value(self) -> int:
        """Raises ArithmeticProblem."""
        if not self._tokens:
            return 0
        result = self._comma()
        if self._at < len(self._tokens):
            raise ArithmeticProblem("syntax error in an expression")
        return result

    def _peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _take(self, *wanted: str) -> str:
        token = self._peek()
        if token in wanted:
            self._at += 1
            return token
        return ""

    def _comma(self) -> int:
        result = self._assignment()
        while self._take(","):
            result = self._assignment()
        return result

    def _assignment(self) -> int:
        name = self._peek()
        following = self._tokens[self._at + 1] if self._at + 1 < len(self._tokens) else ""
        if _is_name(name) and following in _ASSIGN:
            self._at += 2
            value = self._assignment()
            if following != "=":
                value = self._combine(following[:-1], self._get(name), value)
            return self._set(name, value)
        return self._ternary()

    def _ternary(self) -> int:
        condition = self._binary(0)
        if not self._take("?"):
            return condition
        yes = self._guarded(not condition, self._assignment)
        if not self._take(":"):
            raise ArithmeticProblem("a ? without its :")
        no = self._guarded(bool(condition), self._assignment)
        return yes if condition else no

    def _guarded(self, skip: bool, read: Callable[[], int]) -> int:
        self._skip += skip
        try:
            return read()
        finally:
            self._skip -= skip

    def _binary(self, level: int) -> int:
        if level == len(_LEVELS):
            return self._unary()
        left = self._binary(level + 1)
        while operator := self._take(*_LEVELS[level]):
            if operator in ("&&", "||"):
                decided = bool(left) == (operator == "||")
                right = self._guarded(decided, lambda: self._binary(level + 1))
                left = int(bool(left) if decided else bool(right))
            elif operator == "**":
                left = self._combine("**", left, self._binary(level))
            else:
                left = self._combine(operator, left, self._binary(level + 1))
        return left

    def _combine(self, operator: str, left: int, right: int) -> int:
        if operator in ("/", "%"):
            if right == 0:
                if self._skip:
                    return 0
                raise ArithmeticProblem("division by 0")
            quotient = abs(left) // abs(right) * (1 if (left < 0) == (right < 0) else -1)
            return _wrapped(quotient if operator == "/" else left - quotient * right)
        if operator == "**":
            if right < 0:
                raise ArithmeticProblem("exponent less than 0")
            return _wrapped(pow(left, right, 1 << 64))
        results: dict[str, Callable[[], int]] = {
            "+": lambda: left + right, "-": lambda: left - right, "*": lambda: left * right,
            "&": lambda: left & right, "|": lambda: left | right, "^": lambda: left ^ right,
            "<<": lambda: left << (right & 63), ">>": lambda: left >> (right & 63),
            "==": lambda: left == right, "!=": lambda: left != right, "<": lambda: left < right,
            "<=": lambda: left <= right, ">": lambda: left > right, ">=": lambda: left >= right,
        }  # fmt: skip
        return _wrapped(int(results[operator]()))

    def _unary(self) -> int:
        operator = self._take("+", "-", "!", "~", "++", "--")
        if operator in ("++", "--"):
            name = self._peek()
            if not _is_name(name):
                raise ArithmeticProblem("a variable is missing")
            self._at += 1
            return self._set(name, self._get(name) + (1 if operator == "++" else -1))
        if operator:
            value = self._unary()
            return _wrapped({"+": value, "-": -value, "!": int(not value), "~": ~value}[operator])
        return self._primary()

    def _primary(self) -> int:
        word = self._peek()
        self._at += 1
        if word == "(":
            value = self._comma()
            if not self._take(")"):
                raise ArithmeticProblem("a ( without its )")
            return value
        if _is_name(word):
            value = self._get(word)
            step = self._take("++", "--")
            if step:
                self._set(word, value + (1 if step == "++" else -1))
            return value
        return number(word)

    def _get(self, name: str) -> int:
        return 0 if self._skip else self._read(name)

    def _set(self, name: str, value: int) -> int:
        value = _wrapped(value)
        if not self._skip:
            self._write(name, value)
        return value


def number(text: str) -> int:
    """A constant: decimal, octal, hexadecimal or base#digits. Raises ArithmeticProblem."""
    try:
        if "#" in text:
            base, _, digits = text.partition("#")
            return _wrapped(int(digits, int(base)))
        if text[:1] == "0" and text[1:2] not in ("x", "X") and len(text) > 1:
            return _wrapped(int(text, 8))
        return _wrapped(int(text, 0))
    except ValueError as error:
        raise ArithmeticProblem(f"{text[:40]!r} is no number") from error


def _is_name(word: str) -> bool:
    return bool(word) and (word[0].isalpha() or word[0] == "_")


def _wrapped(value: int) -> int:
    """Of 64 bits, as the shells have it."""
    return ((value + (1 << 63)) & ((1 << 64) - 1)) - (1 << 63)
