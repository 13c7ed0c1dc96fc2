"""echo and printf (XCU echo, printf; dash(1), bash(1))."""

from __future__ import annotations

import re

from converter.analyze.entrypoint.shell.arithmetic import ArithmeticProblem, number
from converter.analyze.entrypoint.shell.builtins.call import Call
from converter.analyze.entrypoint.shell.quoting import backslashed
from converter.analyze.entrypoint.shell.state import Variable
from converter.analyze.entrypoint.shell.syntax import Assignment, Literal, Word
from converter.analyze.entrypoint.shell.values import Status, Unknown, Value, first_unknown, join

_ESCAPE = re.compile(r"\\(x[0-9A-Fa-f]{1,2}|0[0-7]{0,3}|[1-7][0-7]{0,2}|c|.)", re.DOTALL)
_SIMPLE = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v", "\\": "\\", '"': '"',
           "'": "'", "e": "\x1b"}  # fmt: skip
_DIRECTIVE = re.compile(r"%([-+ 0#]*)(\*|[0-9]{1,5})?(?:\.(\*|[0-9]{0,5}))?([a-zA-Z%]|\(|$)")
_MAX_TURNS = 20_000


def unescape(text: str) -> tuple[str, bool]:
    """Backslash escapes of printf and `echo -e`; True if `\\c` says that nothing follows."""
    result: list[str] = []
    at, stop = 0, False
    for found in _ESCAPE.finditer(text):
        result.append(text[at : found.start()])
        at = found.end()
        code = found[1]
        if code == "c":
            stop = True
            break
        if code[0] == "x" and len(code) > 1:
            result.append(chr(int(code[1:], 16)))
        elif code[0] in "01234567":
            result.append(chr(int(code, 8) & 255))
        else:
            result.append(_SIMPLE.get(code, "\\" + code))
    if not stop:
        result.append(text[at:])
    return "".join(result), stop


def echo(call: Call) -> Status:
    shell = call.shell
    words, newline, escapes = list(call.args), True, shell.dialect == "dash"
    while words and isinstance(words[0], str) and re.fullmatch(r"-n" if escapes else r"-[neE]+", words[0]):
        option = str(words.pop(0))
        newline &= "n" not in option
        if shell.dialect != "dash":
            escapes = ("e" in option or escapes) and not option.endswith("E")
    text = join(words, " ")
    if isinstance(text, str) and escapes:
        text, stop = unescape(text)
        newline &= not stop
    shell.write(join([text, "\n"]) if newline else text)
    return 0


def printf(call: Call) -> Status:
    shell, words = call.shell, list(call.args)
    target = None
    if shell.bash and words[:1] == ["-v"]:
        target, words = words[1], words[2:]
    if words[:1] == ["--"]:
        words = words[1:]
    if not words:
        shell.complain("printf: usage: printf format [arguments]")
        return 2
    lost = first_unknown(words)
    if lost is not None:
        text: Value = Unknown(lost.reason, _sure(words[0]))
        status = 0
    elif "%(" in str(words[0]):
        text, status = Unknown("the time", filled=True), 0
    else:
        text, status = formatted(str(words[0]), [str(word) for word in words[1:]])
    if target is not None:
        name, bracket, subscript = str(target).partition("[")
        if isinstance(text, Unknown) or not bracket:
            shell.variables.setdefault(name, Variable())
            shell.set(name, text)
        else:
            key = Word((Literal(subscript.removesuffix("]"), quoted=True),))
            call.commands.assign(Assignment(name, Word((Literal(text, quoted=True),)), subscript=key))
    else:
        shell.write(text)
    return status


def _sure(form: Value) -> bool:
    """Whether a format prints something whatever its arguments are."""
    return isinstance(form, str) and bool(re.sub(r"%[^a-zA-Z]*[a-zA-Z]", "", form))


def formatted(form: str, args: list[str]) -> tuple[str, int]:
    """What printf prints, and its status; the format is used again while arguments are left."""
    left = list(args)
    output: list[str] = []
    status = 0
    for _ in range(_MAX_TURNS):
        before = len(left)
        text, failed, stop = _once(form, left)
        output.append(text)
        status |= failed
        if stop or not left or len(left) == before:
            break
    return "".join(output), status


def _once(form: str, left: list[str]) -> tuple[str, int, bool]:
    output: list[str] = []
    status, at = 0, 0
    for found in _DIRECTIVE.finditer(form):
        text, stop = unescape(form[at : found.start()])
        output.append(text)
        if stop:
            return "".join(output), status, True
        at = found.end()
        letter = found[4]
        if letter == "%":
            output.append("%")
            continue
        width = found[2] or ""
        if width == "*":
            width = left.pop(0) if left else "0"
        precision = found[3]
        if precision == "*":
            precision = left.pop(0) if left else "0"
        piece, failed, stop = _converted(letter, left.pop(0) if left else None, found[1], width, precision)
        output.append(piece)
        status |= failed
        if stop:
            return "".join(output), status, True
    text, stop = unescape(form[at:])
    return "".join([*output, text]), status, stop


def _converted(
    letter: str, arg: str | None, flags: str, width: str, precision: str | None
) -> tuple[str, int, bool]:
    status, stop = 0, False
    text = arg or ""
    spec = "%" + flags + width
    if letter == "b":
        text, stop = unescape(text)
    elif letter == "q":
        text = backslashed(text)
    elif letter == "c":
        text = text[:1]
    elif letter in "diouxX":
        try:
            text = str(ord(text[1])) if text[:1] in ("'", '"') and len(text) > 1 else text.strip()
            value = number(text.lstrip("+-") or "0") * (-1 if text.startswith("-") else 1)
        except ArithmeticProblem:
            value, status = _leading_number(text), 1
        value = value & ((1 << 64) - 1) if value < 0 and letter in "ouxX" else value
        point = "." + precision if precision is not None else ""
        return (spec + point + ("d" if letter in "diu" else letter)) % value, status, False
    elif letter in "eEfFgG":
        try:
            point = "." + precision if precision is not None else ""
            return (spec + point + letter) % float(text or 0), 0, False
        except ValueError:
            return (spec + letter) % 0.0, 1, False
    elif letter != "s":
        return "", 1, True
    if precision not in (None, ""):
        text = text[: int(str(precision)) if str(precision).isdigit() else 0]
    return ("%" + flags.replace("0", "") + width + "s") % text, status, stop


def _leading_number(text: str) -> int:
    found = re.match(r"-?[0-9]{1,18}", text)
    return int(found[0]) if found else 0
