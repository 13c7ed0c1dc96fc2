"""cat, head, tail, cut, tr, grep, sort and such: from text to text (XCU, the utilities of these names)."""

from __future__ import annotations

import posixpath
import re

from converter.analyze.entrypoint.shell.bounded import BoundProblem, compiled
from converter.analyze.entrypoint.shell.commands.expressions import posix_regex
from converter.analyze.entrypoint.shell.commands.process import Process, Unsupported, flags
from converter.analyze.entrypoint.shell.files import FileProblem
from converter.analyze.entrypoint.shell.pattern import CLASSES
from converter.analyze.entrypoint.shell.values import Status, Unknown, Value, join, marked, to_text, unmarked
from converter.image.tree import FileKind


def texts(process: Process, paths: list[str]) -> tuple[Value, int]:
    """The files of `paths` after each other, standard input without any; and the status."""
    if not paths:
        return process.stdin(), 0
    found: list[Value] = []
    status = 0
    for path in paths:
        try:
            found.append(process.contents(path))
        except FileProblem as problem:
            process.complain(f"{path}: {problem}")
            status = 1
    return join(found), status


def lines_of(text: str) -> list[str]:
    return text.removesuffix("\n").split("\n") if text else []


def cat(process: Process) -> Status:
    _, operands = flags(process, process.known(), "u")
    text, status = texts(process, operands)
    process.write(text)
    return status


def tee(process: Process) -> Status:
    options, operands = flags(process, process.known(), "a", long={"append": "a"})
    text = process.stdin()
    process.write(text)
    for path in operands:
        if process.files.mounted(path, process.cwd) is None:
            process.files.write(
                path, process.cwd, process.user, text, append="a" in options, umask=process.umask
            )
    return 0


def head(process: Process) -> Status:
    args = [re.sub(r"^-([0-9]+)$", r"-n\1", arg) for arg in process.known()]
    options, operands = flags(process, args, "q", "nc", long={"lines": "n", "bytes": "c", "quiet": "q"})
    count = options.get("c", options.get("n", "10"))
    text, status = texts(process, operands)
    if not count.isdigit() or len(operands) > 1:
        raise Unsupported("head with such options")
    if isinstance(text, str):
        text = text[: int(count)] if "c" in options else "".join(text.splitlines(keepends=True)[: int(count)])
    process.write(text)
    return status


def tail(process: Process) -> Status:
    args = [re.sub(r"^-([0-9]+)$", r"-n\1", arg) for arg in process.known()]
    options, operands = flags(process, args, "q", "nc", long={"lines": "n", "bytes": "c", "quiet": "q"})
    count = options.get("c", options.get("n", "10"))
    text, status = texts(process, operands)
    if not count.lstrip("+-").isdigit() or len(operands) > 1:
        raise Unsupported("tail with such options")
    number = int(count.lstrip("+-"))
    if isinstance(text, str):
        units = text if "c" in options else re.findall(r"[^\n]*\n|[^\n]+", text)
        chosen = (
            units[number - 1 if number else 0 :]
            if count.startswith("+")
            else units[len(units) - number if number < len(units) else 0 :]
            if number
            else []
        )
        text = "".join(chosen)
    process.write(text)
    return status


def cut(process: Process) -> Status:
    options, operands = flags(
        process,
        process.known(),
        "s",
        "dfcb",
        long={"delimiter": "d", "fields": "f", "characters": "c", "bytes": "b"},
    )
    names: list[Unknown] = []
    text: Value
    pieces = marked(process.stdin_pieces()) if not operands and "f" in options else None
    if pieces is not None:
        text, names, status = *pieces, 0
    else:
        text, status = texts(process, operands)
    if isinstance(text, Unknown):
        process.write(Unknown(text.reason))
        return status
    chosen = _ranges(options.get("f", options.get("c", options.get("b", ""))))
    delimiter = options.get("d", "\t")
    lines: list[str] = []
    for line in lines_of(text):
        if "f" not in options:
            lines.append("".join(char for at, char in enumerate(line, 1) if _inside(at, chosen)))
        elif delimiter in line:
            fields = enumerate(line.split(delimiter), 1)
            lines.append(delimiter.join(field for at, field in fields if _inside(at, chosen)))
        elif "s" not in options:
            lines.append(line)
    process.write(unmarked("".join(line + "\n" for line in lines), names))
    return status


def _ranges(text: str) -> list[tuple[int, int]]:
    result = []
    for part in text.split(","):
        found = re.fullmatch(r"([0-9]{0,6})(-?)([0-9]{0,6})", part)
        if found is None or not part.strip("-"):
            raise Unsupported("cut with such a list")
        first = int(found[1] or 1)
        result.append((first, int(found[3] or 1 << 30) if found[2] else first))
    return result


def _inside(at: int, ranges: list[tuple[int, int]]) -> bool:
    return any(first <= at <= last for first, last in ranges)


def tr(process: Process) -> Status:
    options, sets = flags(
        process, process.known(), "dscC", long={"delete": "d", "squeeze-repeats": "s", "complement": "c"}
    )
    text = process.stdin()
    if isinstance(text, Unknown):
        process.write(Unknown(text.reason))
        return 0
    first = _characters(sets[0]) if sets else ""
    if "c" in options or "C" in options:
        first = "".join(chr(code) for code in range(256) if chr(code) not in first)
    second = _characters(sets[1]) if len(sets) > 1 else ""
    if "d" in options:
        text = "".join(char for char in text if char not in first)
    elif second:
        table = {ord(char): second[min(at, len(second) - 1)] for at, char in reversed(list(enumerate(first)))}
        text = text.translate(table)
    if "s" in options:
        repeated = re.escape(second or first)
        text = re.sub(f"([{repeated}])\\1+", r"\1", text) if repeated else text
    process.write(text)
    return 0


def _characters(text: str) -> str:
    """A set of tr's: escapes, ranges, classes."""
    text = re.sub(r"\[:(\w+):\]", lambda name: CLASSES.get(name[1], ""), text)
    text = re.sub(r"\\([0-7]{1,3})", lambda code: chr(int(code[1], 8) & 255), text)
    text = re.sub(
        r"\\([nrt\\abfv])",
        lambda code: {
            "n": "\n",
            "r": "\r",
            "t": "\t",
            "\\": "\\",
            "a": "\a",
            "b": "\b",
            "f": "\f",
            "v": "\v",
        }[code[1]],
        text,
    )
    return re.sub(
        r"(.)-(.)",
        lambda ends: "".join(map(chr, range(ord(ends[1]), ord(ends[2]) + 1))),
        text,
        flags=re.DOTALL,
    )


def grep(process: Process) -> Status:
    options, operands = flags(
        process, process.known(), "qvicEFxolnshHwG", "em",
        long={"quiet": "q", "silent": "q", "invert-match": "v", "ignore-case": "i", "extended-regexp": "E",
              "fixed-strings": "F", "line-regexp": "x", "only-matching": "o", "count": "c",
              "no-messages": "s", "word-regexp": "w", "regexp": "e"},
    )  # fmt: skip
    if set(options) & {"n", "h", "H", "m"} or (len(operands) > 2 and "q" not in options):
        raise Unsupported("grep with such options")
    pattern = options["e"] if "e" in options else operands.pop(0) if operands else ""
    text, failed = texts(process, operands)
    if isinstance(text, Unknown):
        if "q" not in options:
            process.write(Unknown(text.reason))
        return Unknown(text.reason)
    expression = (
        re.escape(pattern)
        if "F" in options
        else posix_regex(pattern, extended="E" in options or process.name == "egrep")
    )
    expression = rf"\b(?:{expression})\b" if "w" in options else expression
    expression = f"(?:{expression})\\Z" if "x" in options else expression
    found: list[str] = []
    try:
        for line in lines_of(text):
            search = compiled(expression, line, re.IGNORECASE if "i" in options else 0)
            match = search.match(line) if "x" in options else search.search(line)
            if (match is not None) != ("v" in options):
                found += [each[0] for each in search.finditer(line) if each[0]] if "o" in options else [line]
    except BoundProblem as problem:
        raise process.undecided(f"grep: {problem}") from problem
    if "c" in options:
        process.write(f"{len(found)}\n")
    elif "l" in options:
        process.write("".join(f"{path}\n" for path in operands[:1] if found))
    elif "q" not in options:
        process.write("".join(line + "\n" for line in found))
    return 2 if failed and not found else int(not found)


def sort(process: Process) -> Status:
    options, operands = flags(
        process,
        process.known(),
        "nruzV",
        long={"numeric-sort": "n", "reverse": "r", "unique": "u", "version-sort": "V"},
    )
    text, status = texts(process, operands)
    if isinstance(text, Unknown):
        process.write(text)
        return status
    end = "\0" if "z" in options else "\n"
    items = text.removesuffix(end).split(end) if text else []
    if "V" in options:
        items.sort(key=_version_key)
    elif "n" in options:
        items.sort(key=lambda item: (float((re.match(r"\s*(-?[0-9]*\.?[0-9]+)", item) or [0, 0])[1]), item))
    else:
        items.sort()
    items = list(dict.fromkeys(items)) if "u" in options else items
    process.write("".join(item + end for item in (reversed(items) if "r" in options else items)))
    return status


def _version_key(text: str) -> list[tuple[int, int, str]]:
    """Digits compare as numbers (sort(1), --version-sort, for names without exotic characters)."""
    return [
        (1, int(part[:18]), "") if part.isdigit() else (0, 0, part)
        for part in re.findall(r"[0-9]+|[^0-9]+", text)
    ]


def wc(process: Process) -> Status:
    options, operands = flags(
        process, process.known(), "lwc", long={"lines": "l", "words": "w", "bytes": "c"}
    )
    text, status = texts(process, operands)
    if isinstance(text, Unknown) or len(options) != 1:
        process.write(Unknown("what wc counts", filled=True))
        return status
    count = text.count("\n") if "l" in options else len(text) if "c" in options else len(text.split())
    process.write(f"{count}{' ' + operands[0] if operands else ''}\n")
    return status


def filtered(process: Process) -> Status:
    """uniq, rev and tac without options."""
    _, operands = flags(process, process.known(), "")
    text, status = texts(process, operands)
    if isinstance(text, str):
        lines = lines_of(text)
        if process.name == "uniq":
            lines = [line for at, line in enumerate(lines) if at == 0 or line != lines[at - 1]]
        elif process.name == "tac":
            lines.reverse()
        else:
            lines = [line[::-1] for line in lines]
        text = "".join(line + "\n" for line in lines)
    process.write(text)
    return status


def seq(process: Process) -> Status:
    operands = process.known()
    if not operands or not all(re.fullmatch(r"-?[0-9]{1,6}", word) for word in operands):
        raise Unsupported("seq with such numbers")
    numbers = [int(word) for word in operands]
    first, step, last = (
        (1, 1, numbers[0])
        if len(numbers) == 1
        else (numbers[0], 1, numbers[-1])
        if len(numbers) == 2
        else (numbers[0], numbers[1] or 1, numbers[2])
    )
    process.write("".join(f"{number}\n" for number in range(first, last + (1 if step > 0 else -1), step)))
    return 0


def basename(process: Process) -> Status:
    options, operands = flags(process, process.known(), "a", "s", long={"suffix": "s", "multiple": "a"})
    several = bool(options)
    suffix = options.get("s", operands[1] if len(operands) == 2 and not several else "")
    for path in operands if several else operands[:1]:
        name = path.rstrip("/").rpartition("/")[2] or ("/" if path else "")
        process.write((name.removesuffix(suffix) if suffix and name != suffix else name) + "\n")
    return 0


def dirname(process: Process) -> Status:
    _, operands = flags(process, process.known(), "")
    for path in operands:
        above = path.rstrip("/").rpartition("/")
        process.write(
            (above[0].rstrip("/") or "/" if above[1] else "/" if path.startswith("/") else ".") + "\n"
        )
    return 0


def readlink(process: Process) -> Status:
    """readlink and realpath; with -f, -e or -m the canonical path."""
    options, operands = flags(process, process.known(), "fenmqsz", long={"canonicalize": "f"})
    status = 0
    for path in operands:
        whole = process.name == "realpath" or set(options) & {"f", "e", "m"}
        # What a link says is known also where it leads out of the image.
        find = process.find if whole else process.entry
        found = find(path, follow=bool(whole))
        if whole and found is None:
            above, _, name = path.rstrip("/").rpartition("/")
            place = process.find(above or ("/" if path.startswith("/") else "."))
            if place is None and "m" in options:
                whole_path = posixpath.normpath(posixpath.join(process.cwd, path))
                process.write(whole_path + "\n")
                continue
            if place is None or "e" in options:
                status = 1
                continue
            process.write((to_text(place[0]).rstrip("/") + "/" + name) + "\n")
        elif found is not None and whole:
            process.write(to_text(found[0]) + "\n")
        elif found is not None and found[1].kind is FileKind.SYMLINK:
            process.write(to_text(found[1].target) + "\n")
        else:
            status = 1
    return status


def envsubst(process: Process) -> Status:
    """`$NAME` and `${NAME}` out of the environment; only those that the argument names, if there is one."""
    args = process.known()
    if any(arg.startswith("-") for arg in args):
        raise Unsupported("envsubst with options")
    text = process.stdin()
    if isinstance(text, Unknown):
        process.write(text)
        return 0
    variable = re.compile(r"\$(?:\{([A-Za-z_][A-Za-z0-9_]*)\}|([A-Za-z_][A-Za-z0-9_]*))")
    chosen = {found[1] or found[2] for found in variable.finditer(args[0])} if args else None
    parts: list[Value] = []
    at = 0
    for found in variable.finditer(text):
        name = found[1] or found[2]
        if chosen is None or name in chosen:
            parts += [text[at : found.start()], process.launch.env.get(name, "")]
            at = found.end()
    process.write(join([*parts, text[at:]]))
    return 0
