"""sed, as entrypoint scripts use it: s, d, p, y, a, i, c, = with addresses; -i -n -e -E (XCU sed)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from converter.analyze.entrypoint.shell.bounded import BoundProblem, compiled
from converter.analyze.entrypoint.shell.commands.expressions import posix_regex
from converter.analyze.entrypoint.shell.commands.process import Process, Unsupported, flags
from converter.analyze.entrypoint.shell.commands.text import lines_of, texts
from converter.analyze.entrypoint.shell.files import FileProblem
from converter.analyze.entrypoint.shell.values import Status, Unknown, Value

_ADDRESS = re.compile(r"([0-9]+|\$)")


@dataclass(slots=True)
class _Command:
    addresses: list[str | int]  # "$", a line number, or "/" and an expression
    negated: bool
    name: str
    expression: str = ""
    text: str = ""
    flags: str = ""
    active: bool = False  # inside its range of lines


def sed(process: Process) -> Status:
    args = process.known()
    suffix = next(
        (arg[2:] for arg in args if arg.startswith("-i") and len(arg) > 2 and arg[2] not in "nrEe"), ""
    )
    if suffix:
        args = ["-i" if arg == "-i" + suffix else arg for arg in args]
    scripts: list[str] = []
    plain: list[str] = []
    todo = iter(args)
    for arg in todo:  # several -e count, in order
        found = re.fullmatch(r"-([nrEisuz]*)e(.*)|--expression(?:=(.*))?", arg, re.DOTALL)
        if found:
            plain += [f"-{found[1]}"] if found[1] else []
            rest = found[2] or found[3]
            scripts.append(rest if rest else next(todo, ""))
        else:
            plain.append(arg)
    long = {"in-place": "i", "quiet": "n", "silent": "n", "regexp-extended": "r"}
    options, operands = flags(process, plain, "nrEisu", long=long)
    if not scripts:
        if not operands:
            process.complain("no script specified")
            return 1
        scripts.append(operands.pop(0))
    script = _Script("\n".join(scripts), extended="r" in options or "E" in options, quiet="n" in options)
    try:
        if "i" in options or suffix:
            return _in_place(process, script, operands, suffix)
        text, status = texts(process, operands)
        process.write(Unknown(text.reason) if isinstance(text, Unknown) else script.run(text))
    except BoundProblem as problem:
        raise process.undecided(f"sed: {problem}") from problem
    return status


def _in_place(process: Process, script: _Script, paths: list[str], suffix: str) -> Status:
    status = 0
    for path in paths:
        try:
            place, inode = process.need(path)
            text = process.files.read(place, inode, process.user)
            changed: Value = script.run(text) if isinstance(text, str) else Unknown(text.reason)
            process.files.parent(path, process.cwd, process.user)  # a new file is put in its place
            if suffix:
                backup = process.files.parent(path + suffix, process.cwd, process.user)
                process.files.put(backup, inode)
            if changed != text:
                process.files.write(path, process.cwd, process.user, changed, umask=process.umask)
        except FileProblem as problem:
            process.complain(f"can't read {path}: {problem}")
            status = 4 if "Permission" in str(problem) else 2
    return status


class _Script:
    """A parsed sed script. Raises Unsupported for commands that are not imitated."""

    def __init__(self, text: str, *, extended: bool, quiet: bool) -> None:
        self._text = text
        self._at = 0
        self._extended = extended
        self._quiet = quiet
        self._last = ""  # an empty expression is the last one used
        self._commands: list[_Command] = []
        while self._skip():
            self._commands.append(self._command())

    def _skip(self) -> bool:
        while self._at < len(self._text) and self._text[self._at] in " \t\n;":
            self._at += 1
        return self._at < len(self._text)

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _command(self) -> _Command:
        addresses = []
        while (address := self._address()) is not None:
            addresses.append(address)
            if self._peek() != "," or len(addresses) == 2:
                break
            self._at += 1
        while self._peek() == " ":
            self._at += 1
        negated = self._peek() == "!"
        self._at += negated
        command = _Command(addresses, negated, self._peek())
        self._at += 1
        if command.name in ("s", "y"):
            self._substitution(command)
        elif command.name in ("a", "i", "c"):
            rest = self._rest("\n")
            command.text = re.sub(r"\\(.)", r"\1", re.sub(r"^\s*(\\\n?)?[ \t]*", "", rest), flags=re.DOTALL)
        elif command.name not in ("d", "p", "q", "="):
            raise Unsupported(f"sed with the command {command.name}")
        return command

    def _rest(self, end: str) -> str:
        """Up to `end`, over escaped ones."""
        start = self._at
        while self._at < len(self._text) and self._peek() != end:
            self._at += 2 if self._peek() == "\\" else 1
        return self._text[start : self._at]

    def _address(self) -> str | int | None:
        if found := _ADDRESS.match(self._text, self._at):
            self._at = found.end()
            return "$" if found[1] == "$" else int(found[1][:9])
        if self._peek() == "\\":
            self._at += 1
        elif self._peek() != "/":
            return None
        delimiter = self._peek()
        self._at += 1
        expression = self._delimited(delimiter, brackets=True)
        if self._peek() == "I":
            raise Unsupported("sed with an address that ignores case")
        return "/" + self._regex(expression)

    def _delimited(self, delimiter: str, *, brackets: bool) -> str:
        text: list[str] = []
        inside = False
        while self._peek() and (self._peek() != delimiter or inside):
            char = self._peek()
            if char == "\\" and not inside and self._at + 1 < len(self._text):
                following = self._text[self._at + 1]
                text.append(
                    following if following == delimiter and delimiter not in "|(){}+?" else "\\" + following
                )
                self._at += 2
                continue
            if brackets and char == "[" and not inside:
                inside = True
                closing = re.compile(r"\[\^?\]?").match(self._text, self._at)
                assert closing is not None
                text.append(closing[0])
                self._at = closing.end()
                continue
            if char == "]" and inside and not "".join(text[-2:]).startswith(":"):
                inside = text[-1:] == [":"]
            text.append(char)
            self._at += 1
        if not self._peek():
            raise Unsupported("sed with a script that has no end")
        self._at += 1
        return "".join(text)

    def _regex(self, expression: str) -> str:
        return posix_regex(expression, extended=self._extended) if expression else ""

    def _substitution(self, command: _Command) -> None:
        delimiter = self._peek()
        self._at += 1
        raw = self._delimited(delimiter, brackets=command.name == "s")
        command.text = self._delimited(delimiter, brackets=False)
        if command.name == "y":
            command.expression = raw
            return
        command.expression = self._regex(raw)
        found = re.compile(r"[gpIi0-9]*").match(self._text, self._at)
        command.flags = found[0] if found else ""
        self._at += len(command.flags)
        if self._peek() and self._peek() not in ";\n }":
            raise Unsupported(f"sed with s///{self._peek()}")

    def run(self, text: str) -> str:
        """The output for an input."""
        lines, output = lines_of(text), []
        for number, line in enumerate(lines, 1):
            printed, done = self._line(line, number, number == len(lines))
            output += printed
            if done:
                return "".join(line + "\n" for line in output)
        whole = "".join(line + "\n" for line in output)
        return whole if text.endswith("\n") or not whole else whole[:-1]

    def _line(self, line: str, number: int, last: bool) -> tuple[list[str], bool]:
        output: list[str] = []
        after: list[str] = []
        for command in self._commands:
            if self._selected(command, line, number, last) == command.negated:
                continue
            if command.name == "d":
                return output + after, False
            if command.name == "c":
                return [*output, command.text, *after], False
            if command.name == "q":
                return [*output, *([] if self._quiet else [line]), *after], True
            if command.name == "p":
                output.append(line)
            elif command.name == "=":
                output.append(str(number))
            elif command.name == "a":
                after.append(command.text)
            elif command.name == "i":
                output.append(command.text)
            elif command.name == "y":
                line = line.translate(str.maketrans(command.expression, command.text))
            else:
                line, changed = self._substitute(command, line)
                if changed and "p" in command.flags:
                    output.append(line)
        return output + ([] if self._quiet else [line]) + after, False

    def _selected(self, command: _Command, line: str, number: int, last: bool) -> bool:
        def at(address: str | int) -> bool:
            if isinstance(address, int):
                return number == address
            if address == "$":
                return last
            return compiled(self._used(address[1:]), line, 0).search(line) is not None

        if not command.addresses:
            return True
        if len(command.addresses) == 1:
            return at(command.addresses[0])
        first, second = command.addresses
        if command.active:
            command.active = not (number >= second if isinstance(second, int) else at(second))
            return True
        if at(first):
            command.active = not (isinstance(second, int) and second <= number)
            return True
        return False

    def _used(self, expression: str) -> str:
        self._last = expression or self._last
        return self._last

    def _substitute(self, command: _Command, line: str) -> tuple[str, bool]:
        ignore = re.IGNORECASE if "i" in command.flags.lower() else 0
        expression = compiled(self._used(command.expression), line, ignore)
        wanted = int("".join(filter(str.isdigit, command.flags))[:6] or 1)
        every = "g" in command.flags
        parts: list[str] = []
        at = count = 0
        for found in expression.finditer(line):
            count += 1
            if count < wanted:
                continue
            parts += [line[at : found.start()], _replacement(command.text, found)]
            at = found.end()
            if not every:
                break
        return "".join([*parts, line[at:]]), bool(parts)


def _replacement(text: str, found: re.Match[str]) -> str:
    def piece(escape: re.Match[str]) -> str:
        if escape[0] == "&":
            return found[0]
        code = escape[1]
        if code.isdigit():
            return (found[int(code)] or "") if int(code) <= found.re.groups else ""
        if code in "ULElu":
            raise BoundProblem("a replacement that changes case")
        return {"n": "\n", "t": "\t"}.get(code, code)

    return re.sub(r"&|\\(.)", piece, text, flags=re.DOTALL)
