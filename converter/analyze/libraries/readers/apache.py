"""Apache httpd: the modules that LoadModule and LoadFile lines name (mod_so).

HTTPD_ROOT and SERVER_CONFIG_FILE are what `apache2 -V` prints, texts in the program.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from converter.analyze.libraries.readers.findings import Findings, said_in
from converter.analyze.libraries.readers.includes import below, files_with_includes, option
from converter.analyze.libraries.surroundings import Surroundings
from converter.image.tree import FileKind

_WORD = re.compile(rb'"((?:[^"\\]|\\.)*)"|(\S+)')
_VARIABLE = re.compile(rb"\$\{(\w+)\}")


def read(around: Surroundings, _: str) -> Findings:
    """Paths count from ServerRoot. Lines inside <IfModule> and <IfDefine> count as if they applied."""
    text = around.contents(around.program.executable.loaded_real_path)
    argv = around.program.argv
    root = [option(argv, b"-d") or _built_in(text, b"HTTPD_ROOT") or b"/etc/apache2"]
    start = option(argv, b"-f") or _built_in(text, b"SERVER_CONFIG_FILE") or b"apache2.conf"
    variables = dict(around.program.environment)

    def lines(text: bytes) -> Iterable[list[bytes]]:
        for line in text.replace(b"\\\n", b" ").splitlines():
            words = [quoted or plain for quoted, plain in _WORD.findall(line.strip())]
            if words and not words[0].startswith(b"#"):
                yield [_VARIABLE.sub(lambda match: variables.get(match[1], match[0]), word) for word in words]

    def included(_: bytes, text: bytes) -> Iterable[bytes]:
        for words in lines(text):
            if words[0].lower() in (b"include", b"includeoptional") and len(words) > 1:
                yield from _files(around, below(root[0], words[1]))

    found = Findings()
    start = below(root[0], start)
    for path, text in files_with_includes(around, [start], included, found, "Apache's configuration"):
        for words in lines(text):
            directive = words[0].lower()
            if directive == b"serverroot" and len(words) > 1:
                root[0] = words[1]
            elif directive == b"define" and len(words) > 2:
                variables[words[1]] = words[2]
            elif directive == b"loadmodule" and len(words) > 2:
                found.objects.setdefault(below(root[0], words[2]), said_in(path, "LoadModule"))
            elif directive == b"loadfile":
                for each in words[1:]:
                    found.objects.setdefault(below(root[0], each), said_in(path, "LoadFile"))
    return found


def _files(around: Surroundings, pattern: bytes) -> list[bytes]:
    """The files of an Include: a glob, or a folder with all that is below it."""
    found: list[bytes] = []
    todo = around.paths.select([pattern])[::-1]
    while todo:
        path = todo.pop()
        there = around.tree.get(path)
        if there is not None and there.kind is FileKind.DIRECTORY:
            todo += around.folder(path)[::-1]
        else:
            found.append(path)
    return found


def _built_in(text: bytes, name: bytes) -> bytes | None:
    match = re.search(rb'-D %s="([^"\0]{1,4096})"' % name, text)
    return match[1] if match is not None else None
