"""find: tests on names, kinds, owners and modes; -print, -exec, -delete (XCU find; GNU find)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from converter.analyze.entrypoint.shell import pattern as patterns
from converter.analyze.entrypoint.shell.commands.changes import remove
from converter.analyze.entrypoint.shell.commands.modes import owner
from converter.analyze.entrypoint.shell.commands.process import Process, Unsupported
from converter.analyze.entrypoint.shell.files import permits
from converter.analyze.entrypoint.shell.values import Status, Unknown, Value, to_text
from converter.image.tree import FileKind, Inode

_KINDS = {"f": FileKind.REGULAR, "d": FileKind.DIRECTORY, "l": FileKind.SYMLINK, "p": FileKind.FIFO,
          "s": FileKind.SOCKET, "b": FileKind.BLOCK, "c": FileKind.CHARACTER}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Entry:
    shown: str
    place: bytes
    inode: Inode
    depth: int


_Test = Callable[[_Entry], bool]


class _Quit(Exception):  # control flow
    """-quit."""


class _Find:
    def __init__(self, process: Process, words: list[str]) -> None:
        self._process = process
        self._words = words
        self._at = 0
        self._acts = False
        self._batches: list[tuple[list[str], list[str]]] = []
        self.follow = False
        self.depth_first = False
        self.least, self.most = 0, 1 << 20
        self.pruned = False
        self.status: Status = 0

    def expression(self) -> _Test:
        test = self._or() if self._words else lambda entry: True
        if self._at < len(self._words):
            raise Unsupported(f"find with {self._words[self._at]}")
        if self._acts:
            return test

        def printing(entry: _Entry) -> bool:
            if test(entry):
                self._process.write(entry.shown + "\n")
            return True

        return printing

    def _peek(self) -> str:
        return self._words[self._at] if self._at < len(self._words) else ""

    def _next(self) -> str:
        self._at += 1
        if self._at > len(self._words):
            raise Unsupported("find with an expression that has no end")
        return self._words[self._at - 1]

    def _or(self) -> _Test:
        left = self._and()
        while self._peek() in ("-o", "-or"):
            self._at += 1
            right = self._and()
            left = _either(left, right)
        return left

    def _and(self) -> _Test:
        left = self._not()
        while self._peek() and self._peek() not in ("-o", "-or", ")"):
            if self._peek() in ("-a", "-and"):
                self._at += 1
            left = _both(left, self._not())
        return left

    def _not(self) -> _Test:
        if self._peek() in ("!", "-not"):
            self._at += 1
            inner = self._not()
            return lambda entry: not inner(entry)
        if self._peek() == "(":
            self._at += 1
            inner = self._or()
            if self._next() != ")":
                raise Unsupported("find with a ( without its )")
            return inner
        return self._primary()

    def _primary(self) -> _Test:  # one branch a word of find's
        word, process = self._next(), self._process
        if word in ("-name", "-iname"):
            pattern, fold = self._next(), word == "-iname"
            return lambda entry: patterns.matches(
                pattern, entry.shown.rstrip("/").rpartition("/")[2], ignore_case=fold
            )
        if word == "-path":
            pattern = self._next()
            return lambda entry: patterns.matches(pattern, entry.shown)
        if word == "-type":
            kinds = [_KINDS[letter] for letter in self._next().split(",") if letter in _KINDS]
            return lambda entry: entry.inode.kind in kinds
        if word in ("-user", "-uid"):
            uid = owner(process, self._next())[0]
            return lambda entry: entry.inode.uid == uid
        if word in ("-group", "-gid"):
            gid = owner(process, ":" + self._next())[1]
            return lambda entry: entry.inode.gid == gid
        if word == "-perm":
            return self._perm(self._next())
        if word == "-empty":
            return lambda entry: (
                not process.files.children(entry.place)
                if entry.inode.kind is FileKind.DIRECTORY
                else entry.inode.size == 0
            )
        if word in ("-readable", "-writable", "-executable"):
            bit = {"-readable": 4, "-writable": 2, "-executable": 1}[word]
            return lambda entry: permits(entry.inode, process.user, bit)
        if word in ("-mindepth", "-maxdepth"):
            depth = self._next()
            if not depth.isdigit():
                raise Unsupported(f"find {word} {depth}")
            self.least, self.most = (
                (int(depth), self.most) if word == "-mindepth" else (self.least, int(depth))
            )
            return lambda entry: True
        if word in ("-follow", "-depth", "-xdev", "-mount", "-true", "-noleaf"):
            self.follow |= word == "-follow"
            self.depth_first |= word == "-depth"
            return lambda entry: True
        return self._action(word)

    def _perm(self, text: str) -> _Test:
        if not re.fullmatch(r"[-/]?[0-7]{1,4}", text):
            raise Unsupported(f"find -perm {text}")
        bits = int(text.lstrip("-/"), 8)
        if text[0] == "-":
            return lambda entry: entry.inode.mode & bits == bits
        if text[0] == "/":
            return lambda entry: bool(entry.inode.mode & bits) or not bits
        return lambda entry: entry.inode.mode == bits

    def _action(self, word: str) -> _Test:
        process = self._process
        if word == "-prune":
            return self._prune
        self._acts = True
        if word in ("-print", "-print0"):
            end = "\n" if word == "-print" else "\0"
            return lambda entry: process.write(entry.shown + end) or True  # type: ignore[func-returns-value]
        if word == "-quit":
            return self._quit
        if word == "-delete":
            self.depth_first = True
            return self._delete
        if word not in ("-exec", "-execdir"):
            raise Unsupported(f"find with {word}")
        words: list[str] = []
        while (part := self._next()) != ";" and not (part == "+" and words[-1:] == ["{}"]):
            words.append(part)
        if part == "+":
            batch: tuple[list[str], list[str]] = (words[:-1], [])
            self._batches.append(batch)
            return lambda entry: batch[1].append(entry.shown) or True  # type: ignore[func-returns-value]
        return lambda entry: process.run([each.replace("{}", entry.shown) for each in words]) == 0

    def _prune(self, entry: _Entry) -> bool:
        self.pruned = True
        return True

    def _quit(self, entry: _Entry) -> bool:
        raise _Quit

    def _delete(self, entry: _Entry) -> bool:
        if entry.shown not in (".", "/"):
            remove(self._process, to_text(entry.place), entry.place)
        return True

    def finish(self) -> None:
        """What `-exec ... +` has collected."""
        for words, found in self._batches:
            arguments: list[Value] = [*words, *found]
            if found and (status := self._process.run(arguments)) != 0:
                self.status = 1 if isinstance(status, int) else Unknown("the status of find -exec")

    def visit(self, test: _Test, start: str) -> None:
        found = self._process.find(start)
        if found is None:
            self._process.complain(f"'{start}': No such file or directory")
            self.status = 1
            return
        self._walk(test, start, found[0], found[1], 0, frozenset())

    def _walk(
        self, test: _Test, shown: str, place: bytes, inode: Inode, depth: int, above: frozenset[bytes]
    ) -> None:
        entry = _Entry(shown, place, inode, depth)
        self.pruned = False
        if not self.depth_first and depth >= self.least:
            test(entry)
        opens = (
            inode.kind is FileKind.DIRECTORY and depth < self.most and not self.pruned and place not in above
        )
        if opens and depth < 100:
            if not permits(inode, self._process.user, 4):
                self._process.complain(f"'{shown}': Permission denied")
                self.status = 1
            else:
                for name in self._process.files.children(place):
                    path = shown.rstrip("/") + "/" + name if shown != "/" else "/" + name
                    below = self._process.files.resolve(path, self._process.cwd, follow=self.follow)
                    below = below or self._process.files.resolve(path, self._process.cwd, follow=False)
                    if below is not None:
                        self._walk(test, path, *below, depth + 1, above | {place})
        if self.depth_first and depth >= self.least:
            test(entry)


def _both(left: _Test, right: _Test) -> _Test:
    return lambda entry: left(entry) and right(entry)


def _either(left: _Test, right: _Test) -> _Test:
    return lambda entry: left(entry) or right(entry)


def find(process: Process) -> Status:
    words = process.known()
    starts: list[str] = []
    follow = False
    while words and words[0] in ("-L", "-H", "-P"):
        follow |= words.pop(0) == "-L"
    while words and words[0][:1] not in ("-", "!", "("):
        starts.append(words.pop(0))
    finder = _Find(process, words)
    test = finder.expression()
    finder.follow |= follow
    try:
        for start in starts or ["."]:
            finder.visit(test, start)
    except _Quit:
        pass
    except patterns.PatternProblem as problem:
        raise process.undecided(str(problem)) from problem
    finder.finish()
    return finder.status


def xargs(process: Process) -> Status:
    """xargs with -0, -r, -n and -I."""
    words = process.known()
    options: dict[str, str] = {}
    while words and words[0].startswith("-"):
        word = words.pop(0)
        if word[:2] in ("-n", "-I", "-d") and len(word) >= 2:
            options[word[1]] = word[2:] or (words.pop(0) if words else "")
        elif re.fullmatch(r"-[0rt]+", word) or word in ("--null", "--no-run-if-empty"):
            options |= dict.fromkeys(
                word.lstrip("-") if not word.startswith("--") else {"--null": "0"}.get(word, "r"), ""
            )
        else:
            raise Unsupported(f"xargs {word}")
    text = process.stdin()
    if isinstance(text, Unknown):
        raise process.undecided(f"xargs with {text.reason}")
    if "0" in options:
        items = text.removesuffix("\0").split("\0") if text else []
    elif "I" in options or "d" in options:
        items = text.removesuffix("\n").split("\n") if text else []
    elif set(text) & set("'\"\\"):
        raise Unsupported("xargs with quotes in its input")
    else:
        items = text.split()
    command = words or ["echo"]
    if "I" in options:
        runs = [[part.replace(options["I"], item) for part in command] for item in items]
    else:
        size = (
            int(options["n"])
            if options.get("n", "").isdigit() and options["n"] != "0"
            else max(len(items), 1)
        )
        runs = [[*command, *items[at : at + size]] for at in range(0, len(items), size)]
        if not items and "r" not in options:
            runs = [command]
    failed: Status = 0
    for run in runs:
        arguments: list[Value] = list(run)
        status = process.run(arguments)
        if status != 0:
            failed = 123 if isinstance(status, int) else Unknown("the status of xargs")
    return failed
