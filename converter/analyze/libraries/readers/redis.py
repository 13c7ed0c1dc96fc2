"""Redis and Valkey: modules that the configuration or the command line names (redis.conf, "loadmodule")."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

from converter.analyze.libraries.readers.findings import Findings, said_in
from converter.analyze.libraries.readers.includes import below, files_with_includes
from converter.analyze.libraries.surroundings import Surroundings


def read(around: Surroundings, _: str) -> Findings:
    """The first argument is the configuration unless it is an option; `include` takes globs."""
    argv, cwd = around.program.argv, around.program.cwd
    start = [below(cwd, argv[1])] if len(argv) > 1 and not argv[1].startswith(b"-") else []

    def included(_: bytes, text: bytes) -> Iterable[bytes]:
        for words in map(bytes.split, text.splitlines()):
            if words[:1] and words[0].lower() == b"include" and len(words) > 1:
                yield from around.matching_files(below(cwd, words[1].strip(b"\"'")))

    found = Findings()
    for path, text in files_with_includes(around, start, included, found, "the configuration of Redis"):
        for words in map(bytes.split, text.splitlines()):
            if words[:1] and words[0].lower() == b"loadmodule" and len(words) > 1:
                module = below(cwd, words[1].strip(b"\"'"))
                found.objects.setdefault(module, said_in(path, "loadmodule"))
    for word, value in itertools.pairwise(argv):
        if word.lower() == b"--loadmodule":
            found.objects.setdefault(below(cwd, value.split()[0] if value.split() else b""), "--loadmodule")
    return found
