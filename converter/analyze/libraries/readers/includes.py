"""Configuration files that include others: each once, in order, a bounded number of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from converter.analyze.libraries.readers.findings import Findings
from converter.analyze.libraries.surroundings import Surroundings

_FILES_MAX = 512


def files_with_includes(
    around: Surroundings,
    start: Iterable[bytes],
    included: Callable[[bytes, bytes], Iterable[bytes]],
    found: Findings,
    what: str,
) -> Iterator[tuple[bytes, bytes]]:
    """Path and contents of the files at `start` and of all that `included(path, contents)` says.

    Those that are there are added to `found`, as `what`.
    """
    todo = [*start][::-1]
    seen: set[bytes] = set()
    while todo and len(seen) < _FILES_MAX:
        path = todo.pop()
        if path in seen:
            continue
        seen.add(path)
        text = around.configuration(path)
        if text is None:
            continue
        found.add_file(path, what)
        yield path, text
        todo += [*included(path, text)][::-1]


def below(folder: bytes, path: bytes) -> bytes:
    """`path`, counted from `folder` when it is relative."""
    return path if path.startswith(b"/") else folder.rstrip(b"/") + b"/" + path


def option(argv: Iterable[bytes], name: bytes) -> bytes | None:
    """The value of a one-letter option such as `-c`: the next word, or the rest of its own."""
    words = iter(argv)
    for word in words:
        if word == name:
            return next(words, None)
        if word.startswith(name) and not word.startswith(b"--"):
            return word[len(name) :]
    return None
