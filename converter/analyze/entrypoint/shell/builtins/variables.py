"""Builtins about variables: export, local, declare, unset, read, getopts ... (XCU 2.14; bash(1))."""

from __future__ import annotations

import re

from converter.analyze.entrypoint.shell.builtins.call import Call
from converter.analyze.entrypoint.shell.state import Array, Shell, ShellExit, Variable
from converter.analyze.entrypoint.shell.streams import Stream
from converter.analyze.entrypoint.shell.syntax import Assignment, Literal, Word
from converter.analyze.entrypoint.shell.values import Status, Unknown, Value

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def _requests(call: Call) -> tuple[set[str], list[Assignment | str]]:
    """Option letters, and what is declared: names, or names with values."""
    letters: set[str] = set()
    targets: list[Assignment | str] = []
    for word in call.fixed():
        if isinstance(word, Unknown):
            raise call.shell.undecided(f"{call.words[0]} of {word.reason}")
        name, equals, value = word.partition("=")
        if word[:1] in ("-", "+") and not targets and len(word) > 1:
            letters |= set(word[1:]) if word[0] == "-" else {"+" + letter for letter in word[1:]}
        elif equals:
            append = name.endswith("+")
            text = Word((Literal(value, quoted=True),))
            targets.append(Assignment(name.removesuffix("+"), text, append))
        else:
            targets.append(word)
    return letters - {"-"}, [*targets, *call.declared]


def export(call: Call) -> Status:
    letters, targets = _requests(call)
    if "f" in letters and targets:
        raise call.shell.undecided("a function in the environment (export -f)")
    if "p" in letters or not targets:
        return 0
    return _declare(call, targets, {"x"} if "n" not in letters else {"+x"})


def readonly(call: Call) -> Status:
    letters, targets = _requests(call)
    return _declare(call, targets, letters | {"r"})


def local(call: Call) -> Status:
    if not call.shell.saved:
        call.shell.complain("local: not in a function")
        raise ShellExit(2) if not call.shell.bash else ShellExit(1)
    letters, targets = _requests(call)
    return _declare(call, targets, letters, local=True)


def declare(call: Call) -> Status:
    letters, targets = _requests(call)
    if letters & {"f", "F"}:
        names = [target if isinstance(target, str) else target.name for target in targets]
        return int(not all(name in call.shell.functions for name in names))
    if "p" in letters:
        names = [target if isinstance(target, str) else target.name for target in targets]
        return int(not all(name in call.shell.variables for name in names))
    return _declare(call, targets, letters, local=bool(call.shell.saved) and "g" not in letters)


def _declare(
    call: Call, targets: list[Assignment | str], letters: set[str], *, local: bool = False
) -> Status:
    shell = call.shell
    if "n" in letters and not local:
        raise shell.undecided("a reference to a variable (declare -n)")
    for target in targets:
        name = target if isinstance(target, str) else target.name
        if not _NAME.fullmatch(name):
            shell.complain(f"{call.words[0]}: {name}: bad variable name")
            if not shell.bash:
                raise ShellExit(2)
            return 1
        if local and "n" in letters:
            raise shell.undecided("a reference to a variable (local -n)")
        if local and name not in shell.saved[-1]:
            old = shell.variables.get(name)
            shell.saved[-1][name] = old
            kept = old.value if old is not None and shell.dialect == "dash" else None  # dash keeps the value
            shell.variables[name] = Variable(kept, exported=old is not None and old.exported)
        if "A" in letters or "a" in letters:
            variable = shell.variables.setdefault(name, Variable())
            variable.keyed |= "A" in letters
            if not isinstance(variable.value, dict):
                variable.value = {}
        _mark(shell.variables, name, letters - {"r"})
        if not isinstance(target, str):
            call.commands.assign(target)
        _mark(shell.variables, name, letters & {"r"})
    return 0


def _mark(variables: dict[str, Variable], name: str, letters: set[str]) -> None:
    variable = variables.setdefault(name, Variable())
    if "x" in letters:
        variable.exported = True
    if "+x" in letters:
        variable.exported = False
    if "r" in letters:
        variable.readonly = True
    if "i" in letters:
        variable.integer = True
    if letters & {"l", "u"}:
        variable.case = "l" if "l" in letters else "u"


def unset(call: Call) -> Status:
    shell = call.shell
    words = call.known()
    functions = "-f" in words
    for word in words:
        if word in ("-f", "-v", "-n"):
            continue
        found = re.fullmatch(r"([A-Za-z_]\w*)\[(.*)\]", word)
        variable = shell.variables.get(found[1] if found else word)
        if functions:
            shell.functions.pop(word, None)
        elif variable is not None and variable.readonly:
            shell.complain(f"unset: {word}: is read only")
            return 1
        elif found and variable is not None and isinstance(variable.value, dict):
            key: int | str = int(found[2]) if found[2].isdigit() and not variable.keyed else found[2]
            variable.value.pop(key, None)
        elif variable is None and shell.bash:
            shell.functions.pop(word, None)
        else:
            shell.unset(word)
    return 0


def read(call: Call) -> Status:
    """`read`: one line into variables; -a, -d, -n, -p, -r, -s, -t and -u of bash."""
    shell = call.shell
    words, raw, array, delimiter, descriptor = call.known(), False, None, "\n", 0
    while words and words[0].startswith("-") and len(words[0]) > 1:
        option = words.pop(0)
        if option == "--":
            break
        letters, letter, value = _with_argument(option[1:], words)
        raw |= "r" in letters
        array = value if letter == "a" else array
        delimiter = (value[:1] or "\0") if letter == "d" else delimiter
        descriptor = int(value) if letter == "u" and value.isdigit() else descriptor
        if letter in ("n", "N"):
            raise shell.undecided("read of a number of characters")
    stream = shell.streams.get(descriptor)
    if stream is None:
        return 1
    text, ended = _record(delimiter, stream, raw)
    if isinstance(text, Unknown):
        if not isinstance(stream.read(), Unknown):
            raise shell.undecided(f"reads {text.reason}")
        for name in words or ["REPLY"]:
            shell.set(name, Unknown(text.reason))
        return Unknown(text.reason)
    if array is not None:
        fields = _fields(shell, text, 1 << 30, raw)
        shell.variables[array] = Variable(Array(enumerate(fields)))
    elif not words:
        shell.set("REPLY", text)
    else:
        fields = _fields(shell, text, len(words), raw)
        for number, name in enumerate(words):
            shell.set(name, fields[number] if number < len(fields) else "")
    return 0 if ended else 1


def _with_argument(letters: str, words: list[str]) -> tuple[str, str, str]:
    """Options of `read` up to one with an argument, which is the rest of the word or the next one."""
    for at, letter in enumerate(letters):
        if letter in "adnNptiu":
            rest = letters[at + 1 :]
            return letters[:at], letter, rest or (words.pop(0) if words else "")
    return letters, "", ""


def _record(delimiter: str, stream: Stream, raw: bool) -> tuple[Value, bool]:
    """Up to the delimiter, or the end; a backslash before a newline joins the next line."""
    whole: list[str] = []
    while True:
        text, ended = stream.line(delimiter)
        if isinstance(text, Unknown):
            return text, ended
        if delimiter != "\n" and not raw:
            text = text.replace("\\\n", "")
        trailing = len(text) - len(text.rstrip("\\"))
        if raw or not ended or trailing % 2 == 0:
            return "".join([*whole, text]), ended
        whole.append(text[:-1])


def _fields(shell: Shell, text: str, count: int, raw: bool) -> list[Value]:
    """Fields as `read` splits them: the last one takes the rest."""
    ifs = shell.get("IFS")
    separators = " \t\n" if not isinstance(ifs, str) else ifs
    blanks = "".join(char for char in separators if char in " \t\n")
    rest = text.strip(blanks) if blanks else text
    fields: list[Value] = []
    while rest and len(fields) < count - 1:
        at = next((place for place, char in enumerate(rest) if char in separators), len(rest))
        fields.append(rest[:at])
        after = rest[at:].lstrip(blanks) if blanks else rest[at:]
        if after[:1] and after[0] in separators and after[0] not in blanks:
            after = after[1:].lstrip(blanks) if blanks else after[1:]
        rest = after
    if rest or not fields:
        fields.append(_without_separator(rest, separators, blanks))
    if raw:
        return fields
    return [
        re.sub(r"\\(.)", r"\1", field, flags=re.DOTALL) if isinstance(field, str) else field
        for field in fields
    ]


def _without_separator(rest: str, separators: str, blanks: str) -> str:
    """The last one: if it is a single field, the separator behind it goes (XCU 2.6.5)."""
    field = rest.rstrip(blanks) if blanks else rest
    if field[-1:] and field[-1] in separators and not any(char in separators for char in field[:-1]):
        return field[:-1].rstrip(blanks) if blanks else field[:-1]
    return rest


def mapfile(call: Call) -> Status:
    """`mapfile [-t] [-d D] ARRAY`."""
    shell, words = call.shell, call.known()
    strip, name, delimiter = "-t" in words, "MAPFILE", "\n"
    plain = iter([word for word in words if word != "-t"])
    for word in plain:
        if word == "-d":
            delimiter = next(plain, "")[:1] or "\0"
        elif word.startswith("-"):
            next(plain, None)
        else:
            name = word
    text = shell.streams[0].read() if 0 in shell.streams else ""
    if isinstance(text, Unknown):
        raise shell.undecided(f"an array of the lines of {text.reason}")
    pieces = text.split(delimiter)
    lines = [piece + delimiter for piece in pieces[:-1]] + ([pieces[-1]] if pieces[-1] else [])
    values: list[Value] = [line.removesuffix(delimiter) if strip else line for line in lines]
    shell.variables[name] = Variable(Array(enumerate(values)))
    return 0


def getopts(call: Call) -> Status:
    """`getopts OPTSTRING NAME [ARGS]` (XCU getopts); OPTIND also counts inside grouped letters."""
    shell = call.shell
    words = call.fixed()
    options, name = words[0], words[1]
    args = words[2:] or list(shell.positional)
    index, place = shell.get("OPTIND"), shell.get("_U2K_OPTPOS")
    number = int(index) if isinstance(index, str) and index.isdigit() else 1
    at = int(place) if isinstance(place, str) and place and number > 0 else 1
    word = args[number - 1] if number <= len(args) else ""
    if isinstance(word, Unknown) or not isinstance(options, str) or not isinstance(name, str):
        raise shell.undecided("options that are not known")
    if word in ("", "-") or not word.startswith("-") or word == "--":
        shell.set("OPTIND", str(number + (word == "--")))
        shell.set(name, "?")
        return 1
    letter, rest = word[at : at + 1], word[at + 1 :]
    known, silent, found = letter != ":" and letter in options, options.startswith(":"), letter
    shell.unset("OPTARG")
    if not shell.bash:
        shell.set("OPTARG", "")
    if known and options[options.index(letter) + 1 : options.index(letter) + 2] == ":":
        if rest or number < len(args):
            shell.set("OPTARG", rest or args[number])
            number, at = number + (1 if rest else 2), 1
        else:
            number, at, found = number + 1, 1, ":" if silent else "?"
            if silent:
                shell.set("OPTARG", letter)
    else:
        number, at = (number, at + 1) if rest else (number + 1, 1)
        if not known:
            found = "?"
            if silent:
                shell.set("OPTARG", letter)
    if found == "?" and not silent:
        shell.complain(f"getopts: -{letter}: unknown option, or without its argument")
    shell.set(name, found)
    shell.set("OPTIND", str(number))
    shell.set("_U2K_OPTPOS", str(at))
    return 0
