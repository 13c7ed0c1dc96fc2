"""What `test`, `[` and `[[` say: of files in the tree, of strings, of numbers (XCU test; bash(1))."""

from __future__ import annotations

import re

from converter.analyze.entrypoint.shell import pattern as patterns
from converter.analyze.entrypoint.shell.bounded import BoundProblem, compiled
from converter.analyze.entrypoint.shell.expand import Expander
from converter.analyze.entrypoint.shell.files import BY_ENGINE, DEVICES, permits
from converter.analyze.entrypoint.shell.state import Array, Shell, Variable
from converter.analyze.entrypoint.shell.streams import Console
from converter.analyze.entrypoint.shell.syntax import Condition, Word
from converter.analyze.entrypoint.shell.values import Unknown, Value, first_unknown, to_text
from converter.image.tree import FileKind, Inode

FILE_TESTS = "abcdefghkprsuwxLOGNS"
Truth = bool | Unknown
_KINDS = {
    "f": FileKind.REGULAR, "d": FileKind.DIRECTORY, "b": FileKind.BLOCK, "c": FileKind.CHARACTER,
    "p": FileKind.FIFO, "S": FileKind.SOCKET, "h": FileKind.SYMLINK, "L": FileKind.SYMLINK,
}  # fmt: skip
_BITS = {"u": 0o4000, "g": 0o2000, "k": 0o1000}
_INTEGER = re.compile(r"\s*[-+]?[0-9]{1,18}\s*")


class TestProblem(ValueError):
    """`test` is used wrongly: it complains and ends with 2."""


def unary(shell: Shell, operator: str, value: Value) -> Truth:
    """`-n x`, `-f x` and so on. Raises TestProblem."""
    letter = operator[1:]
    if letter in ("n", "z"):
        if isinstance(value, Unknown):
            return (letter == "n") if value.filled else Unknown(value.reason)
        return bool(value) == (letter == "n")
    if isinstance(value, Unknown):
        return Unknown(value.reason)
    if letter == "t":
        return _terminal(shell, value)
    if letter == "o":
        return value in shell.options or (value == "errexit" and "e" in shell.options)
    if letter in ("v", "R"):
        return _is_set(shell, value)
    if letter not in FILE_TESTS:
        raise TestProblem(f"{operator}: unexpected operator")
    return _file(shell, letter, value)


def _is_set(shell: Shell, name: str) -> bool:
    """`-v name`, `-v name[key]` (bash(1), CONDITIONAL EXPRESSIONS)."""
    name, bracket, key = name.partition("[")
    variable = shell.variables.get(name)
    if not bracket or variable is None or not isinstance(variable.value, dict):
        return shell.get(name) is not None and key in ("", "0]", "@]", "*]")
    key = key.removesuffix("]")
    if key in ("@", "*"):
        return bool(variable.value)
    return (int(key) if key.isdigit() and not variable.keyed else key) in variable.value


def _terminal(shell: Shell, value: str) -> Truth:
    stream = shell.streams.get(int(value) if value.isdigit() else -1)
    return Unknown("whether there is a terminal") if isinstance(stream, Console) else False


def _file(shell: Shell, letter: str, path: str) -> Truth:
    files = shell.world.files
    place = files.mounted(path, shell.cwd)
    if place is not None:
        return _mounted(place, letter)
    found = files.resolve(path, shell.cwd, follow=letter not in "hL")
    if found is None:
        return False
    where, inode = found
    if not files.reachable(where, shell.user):
        return False
    if letter in _KINDS:
        return inode.kind is _KINDS[letter]
    if letter in _BITS:
        return bool(inode.mode & _BITS[letter])
    if letter in "rwx":
        return permits(inode, shell.user, {"r": 4, "w": 2, "x": 1}[letter])
    if letter == "s":
        unknown = files.unknown.get(where)
        if unknown is not None:
            return True if unknown.filled else unknown
        return inode.size > 0 or inode.kind is FileKind.DIRECTORY
    if letter == "O":
        return inode.uid == shell.user.uid
    if letter == "G":
        return inode.gid == shell.user.gid
    return Unknown("when a file was read") if letter == "N" else True


def _mounted(place: bytes, letter: str) -> Truth:
    """Of what the engine makes; only what every container has is known."""
    if place in DEVICES and letter in "aecrw":
        return True
    if place in (b"/proc", b"/sys", b"/dev") and letter in "aedx":
        return True
    if place in BY_ENGINE and letter in "aefrs":
        return True
    return Unknown(f"what {to_text(place)} is at run time")


def binary(shell: Shell, left: Value, operator: str, right: Value) -> Truth:
    """`a = b`, `1 -lt 2`, `f -nt g`. Raises TestProblem."""
    unknown = first_unknown([left, right])
    if operator in ("=", "==", "!="):
        same: Truth
        if unknown is not None:
            filled = [value.filled for value in (left, right) if isinstance(value, Unknown)]
            same = False if "" in (left, right) and filled[0] else Unknown(unknown.reason)
        else:
            same = left == right
        return same if isinstance(same, Unknown) else same == (operator != "!=")
    if unknown is not None:
        return Unknown(unknown.reason)
    assert isinstance(left, str) and isinstance(right, str)
    if operator in ("<", ">"):
        return left < right if operator == "<" else left > right
    if operator in ("-nt", "-ot", "-ef"):
        return _compared(shell, left, operator, right)
    if not (_INTEGER.fullmatch(left) and _INTEGER.fullmatch(right)):
        raise TestProblem(f"{left if not _INTEGER.fullmatch(left) else right}: integer expression expected")
    one, two = int(left), int(right)
    answers = {
        "-eq": one == two,
        "-ne": one != two,
        "-lt": one < two,
        "-le": one <= two,
        "-gt": one > two,
        "-ge": one >= two,
    }
    return answers[operator]


def _compared(shell: Shell, left: str, operator: str, right: str) -> Truth:
    files = shell.world.files
    one, two = files.resolve(left, shell.cwd), files.resolve(right, shell.cwd)
    if operator == "-ef":
        return one is not None and two is not None and one[1] is two[1]
    if one is None or two is None:  # bash takes what is not there for older
        there = two if operator == "-ot" else one
        return shell.bash and there is not None
    if any(found[0] in files.changed for found in (one, two)):
        return Unknown("when a file was changed")
    if operator == "-ot":
        one, two = two, one
    return _when(one[1]) > _when(two[1])


def _when(inode: Inode) -> tuple[int, int]:
    return inode.mtime, inode.mtime_nsec


def condition_holds(expander: Expander, condition: Condition) -> Truth:
    """`[[ ]]`."""
    shell, operator = expander.shell, condition.operator
    inner = [each for each in condition.operands if isinstance(each, Condition)]
    if operator in ("!", "&&", "||"):
        first = condition_holds(expander, inner[0])
        if operator == "!":
            return first if isinstance(first, Unknown) else not first
        if isinstance(first, Unknown):
            first = shell.world.choose(first, shell.where)
        return first if first == (operator == "||") else condition_holds(expander, inner[1])
    words = [each for each in condition.operands if isinstance(each, Word)]
    left = expander.text(words[0])
    try:
        if operator == "word":
            return unary(shell, "-n", left)
        if len(words) == 1:
            return unary(shell, operator, left)
        if operator in ("=", "==", "!="):
            return _pattern(expander, left, operator, words[1])
        if operator == "=~":
            return _regex(expander, left, words[1])
        if operator in ("-eq", "-ne", "-lt", "-le", "-gt", "-ge"):
            return binary(shell, expander.arithmetic(words[0]), operator, expander.arithmetic(words[1]))
        return binary(shell, left, operator, expander.text(words[1]))
    except TestProblem as problem:
        shell.complain(str(problem))
        return False
    except (BoundProblem, patterns.PatternProblem) as problem:
        raise shell.undecided(str(problem)) from problem


def _pattern(expander: Expander, left: Value, operator: str, word: Word) -> Truth:
    pattern = expander.pattern(word)
    unknown = first_unknown([left, pattern])
    if unknown is not None:
        if pattern == "" and isinstance(left, Unknown) and left.filled:
            return operator == "!="
        return Unknown(unknown.reason)
    assert isinstance(left, str) and isinstance(pattern, str)
    ignore_case = "nocasematch" in expander.shell.options
    return patterns.matches(pattern, left, extended=True, ignore_case=ignore_case) == (operator != "!=")


def _regex(expander: Expander, left: Value, word: Word) -> Truth:
    expression = expander.regex(word)
    unknown = first_unknown([left, expression])
    if unknown is not None:
        return Unknown(unknown.reason)
    assert isinstance(left, str) and isinstance(expression, str)
    text = re.sub(r"\[:(\w+):\]", lambda name: patterns.CLASSES.get(name[1], ""), expression)
    found = compiled(text, left).search(left)
    groups: Array = {}
    if found is not None:
        groups.update(enumerate(found[number] or "" for number in range(found.re.groups + 1)))
    expander.shell.variables["BASH_REMATCH"] = Variable(groups)
    return found is not None
