"""`$x` and `${x...}`: the value of a parameter and the operators on it (XCU 2.5, 2.6.2; bash(1))."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from converter.analyze.entrypoint.shell import pattern as patterns
from converter.analyze.entrypoint.shell.bounded import BoundProblem, compiled
from converter.analyze.entrypoint.shell.quoting import single_quoted
from converter.analyze.entrypoint.shell.special import special
from converter.analyze.entrypoint.shell.state import ShellExit
from converter.analyze.entrypoint.shell.syntax import Parameter
from converter.analyze.entrypoint.shell.values import Unknown, Value, join

if TYPE_CHECKING:
    from converter.analyze.entrypoint.shell.expand import Expander, Piece


class ParameterExpansion:
    """One expansion, in the state of the expander's shell."""

    def __init__(self, expander: Expander, parameter: Parameter) -> None:
        self._expander = expander
        self._shell = expander.shell
        self._parameter = parameter

    def pieces(self) -> list[Piece]:
        """Raises ShellExit for what ends a shell (`${x?}`, an unset variable with `set -u`)."""
        parameter = self._parameter
        if parameter.operator == "bad":
            self._fail(f"${{{parameter.name}}}: bad substitution")
        if parameter.indirect:
            target = self._scalar(parameter.name)
            if isinstance(target, Unknown):
                return self._scalar_pieces(target)
            found = re.fullmatch(r"([A-Za-z_]\w*|[0-9]+|[@*#?])(\[[@*]\])?", target or "")
            if found is None:
                self._fail(f"{target}: invalid indirect expansion")
            assert found is not None
            self._parameter = parameter = _renamed(parameter, found[1], bool(found[2]))
        values = self._values()
        if values is not None:
            return self._list(values)
        return self._single(self._element())

    def _values(self) -> list[Value] | None:
        """All elements when the parameter stands for a list: `@`, `*`, `a[@]`, `a[*]`."""
        parameter = self._parameter
        if parameter.operator == "names":
            names = sorted(name for name in self._shell.variables if name.startswith(parameter.name))
            return list(names)
        if parameter.name in ("@", "*"):
            return list(self._shell.positional)
        subscript = self._subscript_text()
        if subscript not in ("@", "*"):
            return None
        if parameter.name in ("FUNCNAME", "BASH_SOURCE", "BASH_LINENO", "PIPESTATUS", "GROUPS"):
            value = special(self._shell, parameter.name, None)
            return value if isinstance(value, list) else [] if value is None else [value]
        variable = self._shell.variables.get(parameter.name)
        if variable is None or variable.value is None:
            return []
        if not isinstance(variable.value, dict):
            return ["0"] if parameter.operator == "keys" else [variable.value]
        items = sorted(variable.value.items(), key=lambda item: (isinstance(item[0], str), item[0]))
        return (
            [str(key) for key, _ in items] if parameter.operator == "keys" else [value for _, value in items]
        )

    def _subscript_text(self) -> str:
        word = self._parameter.subscript
        return (word.literal() or "") if word is not None else ""

    def _element(self) -> Value | None:
        parameter, shell = self._parameter, self._shell
        if parameter.subscript is None:
            return self._scalar(parameter.name)
        variable = shell.variables.get(parameter.name)
        whole = variable.value if variable is not None else special(shell, parameter.name, None)
        if isinstance(whole, dict) and any(isinstance(key, str) for key in whole):
            return whole.get(self._expander.known(parameter.subscript, "a subscript"))
        index = self._expander.arithmetic(parameter.subscript)
        if isinstance(index, Unknown):
            return index
        if isinstance(whole, dict):
            keys = sorted(key for key in whole if isinstance(key, int))
            number = int(index) if int(index) >= 0 else (keys[-1] + 1 + int(index) if keys else 0)
            return whole.get(number)
        if isinstance(whole, list):
            number = int(index)
            return whole[number] if -len(whole) <= number < len(whole) else None
        return whole if int(index) == 0 else None

    def _scalar(self, name: str) -> Value | None:
        shell = self._shell
        if name.isdigit():
            number = int(name[:9])
            if number == 0:
                return shell.name
            return shell.positional[number - 1] if number <= len(shell.positional) else None
        if name in ("@", "*"):
            return join(list(shell.positional), " ")
        if name in shell.variables:
            return shell.get(name)
        value = special(shell, name, self._parameter)
        return (value[0] if value else None) if isinstance(value, list) else value

    def _list(self, values: list[Value]) -> list[Piece]:
        parameter = self._parameter
        if parameter.operator == "length":
            if not self._shell.bash:  # of all of them as one text (dash, busybox)
                whole = join(values, " ")
                return self._scalar_pieces(
                    Unknown(whole.reason, True) if isinstance(whole, Unknown) else str(len(whole))
                )
            return self._scalar_pieces(str(len(values)))
        operator = parameter.operator
        if operator.lstrip(":") in ("-", "=", "?", "+"):
            # `:+` and `:-` look at the joined value: set but empty counts as null.
            joined = join(values, " ")
            empty = not values or (operator[0] == ":" and joined == "")
            if operator.endswith("+"):
                return [] if empty else self._word_pieces()
            if empty:
                return self._default(None if not values else joined)
        elif operator == "substring":
            values = self._slice(values)
        elif operator not in ("", "names", "keys"):
            values = [self._changed(value) for value in values]
        from converter.analyze.entrypoint.shell.expand import BREAK, STAR_BREAK, Piece

        star = parameter.name == "*" or self._subscript_text() == "*"
        if star and parameter.quoted:
            ifs = self._shell.get("IFS")
            between = " " if ifs is None else ifs[:1] if isinstance(ifs, str) else " "
            return [Piece(join(values, between), quoted=True)]
        result: list[Piece] = []
        for number, value in enumerate(values):
            if number:
                result.append(STAR_BREAK if star else BREAK)
            result.append(Piece(value, parameter.quoted, not parameter.quoted))
        return result

    def _slice(self, values: list[Value]) -> list[Value]:
        positional = self._parameter.name in ("@", "*")
        if positional:
            values = [self._shell.name, *values]
        offset, length = self._bounds()
        start = offset if offset >= 0 else max(0, len(values) + offset)
        chosen = values[start:] if length is None else values[start : start + max(length, 0)]
        return chosen

    def _bounds(self) -> tuple[int, int | None]:
        parameter, numbers = self._parameter, []
        for word in (parameter.argument, parameter.second):
            value = None if word is None else self._expander.arithmetic(word)
            if isinstance(value, Unknown):
                raise self._shell.undecided(f"a substring depends on {value.reason}")
            numbers.append(None if value is None else int(value))
        return numbers[0] or 0, numbers[1]

    def _single(self, value: Value | None) -> list[Piece]:
        parameter = self._parameter
        operator = parameter.operator
        if operator.lstrip(":") in ("-", "=", "?", "+") and operator:
            empty = value is None
            if operator[0] == ":" and not empty:
                empty = self._is_empty(value)
            if operator.endswith("+"):
                return self._scalar_pieces("") if empty else self._word_pieces()
            return self._default(value) if empty else self._scalar_pieces(value)
        if value is None:
            if "u" in self._shell.options and parameter.name != "!":
                self._fail(f"{parameter.name}: parameter not set")
            value = ""
        if operator == "length":
            return self._scalar_pieces(
                Unknown(value.reason, True) if isinstance(value, Unknown) else str(len(value))
            )
        if operator == "substring":
            if isinstance(value, Unknown):
                return self._scalar_pieces(Unknown(value.reason))
            offset, length = self._bounds()
            start = (
                offset
                if offset >= 0
                else max(0, len(value) + offset)
                if -offset <= len(value)
                else len(value)
            )
            stop = None if length is None else start + length if length >= 0 else len(value) + length
            return self._scalar_pieces(value[start:stop])
        return self._scalar_pieces(self._changed(value) if operator else value)

    def _is_empty(self, value: Value | None) -> bool:
        if isinstance(value, Unknown):
            return not value.filled and not self._shell.world.choose(value, self._shell.where)
        return not value

    def _default(self, value: Value | None) -> list[Piece]:
        """`-`, `=`, `?` on a parameter that is unset or null."""
        operator, name = self._parameter.operator, self._parameter.name
        if operator.endswith("?"):
            text = self._expander.text(self._parameter.argument)
            self._fail(f"{name}: {text if isinstance(text, str) and text else 'parameter not set'}")
        if operator.endswith("="):
            text = self._expander.text(self._parameter.argument)
            self._shell.set(name, text)
            return self._scalar_pieces(text)
        return self._word_pieces()

    def _word_pieces(self) -> list[Piece]:
        from converter.analyze.entrypoint.shell.expand import Piece

        argument = self._parameter.argument
        inner = self._expander.pieces(argument.parts if argument else (), expanded=not self._parameter.quoted)
        return inner or ([Piece("", quoted=True)] if self._parameter.quoted else [])

    def _scalar_pieces(self, value: Value | None) -> list[Piece]:
        from converter.analyze.entrypoint.shell.expand import Piece

        quoted = self._parameter.quoted
        return [Piece("" if value is None else value, quoted, not quoted)]

    def _changed(self, value: Value) -> Value:
        """Pattern removal, replacement and case (`#`, `%`, `/`, `^`, `,`, `@Q`)."""
        operator = self._parameter.operator
        if isinstance(value, Unknown):
            return Unknown(value.reason, value.filled and operator[0] in "^,")
        if operator[0] == "@":
            made = _TRANSFORMED.get(operator)
            if made is not None:
                return made(value)
            return Unknown(f"${{{self._parameter.name}{operator}}}")
        pattern = self._expander.pattern(self._parameter.argument)
        if isinstance(pattern, Unknown):
            return Unknown(pattern.reason)
        try:
            if operator[0] in "#%":
                return _removed(value, pattern, operator, "extglob" in self._shell.options)
            if operator[0] == "/":
                replacement = self._expander.text(self._parameter.second)
                if isinstance(replacement, Unknown):
                    return replacement
                if "&" in replacement and self._shell.bash:  # bash(1), shopt patsub_replacement
                    raise self._shell.undecided("a replacement with &, which newer versions of bash replace")
                return _replaced(value, pattern, operator, replacement, "extglob" in self._shell.options)
        except (BoundProblem, patterns.PatternProblem) as problem:
            raise self._shell.undecided(str(problem)) from problem
        change = str.upper if operator[0] == "^" else str.lower
        wanted = pattern or "?"
        return "".join(
            _ascii(change, char)
            if (number == 0 or len(operator) == 2) and patterns.matches(wanted, char)
            else char
            for number, char in enumerate(value)
        )

    def _fail(self, what: str) -> None:
        self._shell.complain(what)
        raise ShellExit(1 if self._shell.bash else 2)


_TRANSFORMED: Mapping[str, Callable[[str], str]] = {  # bash(1), Parameter transformation
    "@Q": single_quoted,
    "@U": str.upper,
    "@u": lambda value: value[:1].upper() + value[1:],
    "@L": str.lower,
}


def _ascii(change: object, char: str) -> str:
    return change(char) if char.isascii() and callable(change) else char


def _renamed(parameter: Parameter, name: str, whole: bool) -> Parameter:
    from dataclasses import replace

    from converter.analyze.entrypoint.shell.syntax import Literal, Word

    subscript = Word((Literal("@"),)) if whole else None
    return replace(parameter, name=name, indirect=False, subscript=subscript)


def _removed(value: str, pattern: str, operator: str, extended: bool) -> str:
    longest = len(operator) == 2
    if operator[0] == "#":
        found = compiled(patterns.translate(pattern, extended, lazy=not longest), value).match(value)
        return value[found.end() :] if found else value
    whole = compiled(patterns.translate(pattern, extended) + r"\Z", value)
    if longest:
        found = whole.search(value)
        return value[: found.start()] if found else value
    for start in range(len(value), -1, -1):
        if whole.match(value, start):
            return value[:start]
    return value


def _replaced(value: str, pattern: str, operator: str, replacement: str, extended: bool) -> str:
    if not pattern:
        return {"/#": replacement + value, "/%": value + replacement}.get(operator, value)
    text = patterns.translate(pattern, extended)
    text = text + r"\Z" if operator == "/%" else text
    expression = compiled(text, value)
    if operator == "/#":
        found = expression.match(value)
        return replacement + value[found.end() :] if found else value
    count = 0 if operator == "//" else 1
    return expression.sub(lambda _: replacement, value, count=count)
