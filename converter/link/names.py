"""The names of system calls, packed: a kernel carries those it does not have, to say so (core/absent.c).

Byte pair encoding (P. Gage, "A New Algorithm for Data Compression", 1994): the commonest pair of bytes
becomes one byte above 127, again and again, until no pair pays. Unpacking needs no memory and a dozen lines
of C.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Sequence

FIRST = 128  # the bytes below are the text itself
_PAYS = 4  # a pair costs two bytes in the table, and saves one where it stands


def joined(names: Iterable[str]) -> bytes:
    """`names` (ASCII, each may be empty), each with a NUL behind it."""
    return "".join(name + "\0" for name in names).encode("ascii")


def find_pairs(text: bytes) -> tuple[bytes, ...]:
    """The pairs that make `text` small, in the order in which they are replaced; takes some 0.1 s."""
    pairs: list[bytes] = []
    while FIRST + len(pairs) < 256:
        counts = Counter(itertools.pairwise(text))
        pair, count = max(counts.items(), key=lambda each: (each[1], each[0]), default=((0, 0), 0))
        if count < _PAYS:
            break
        text = text.replace(bytes(pair), bytes((FIRST + len(pairs),)))
        pairs.append(bytes(pair))
    return tuple(pairs)


def pack(text: bytes, pairs: Sequence[bytes]) -> bytes:
    """`text` (bytes below 128) with byte 128 + i for what `pairs[i]` stands for."""
    for at, pair in enumerate(pairs):
        text = text.replace(pair, bytes((FIRST + at,)))
    return text


def unpack(text: bytes, pairs: Sequence[bytes]) -> bytes:
    """What `pack` was given."""
    for at in reversed(range(len(pairs))):
        text = text.replace(bytes((FIRST + at,)), pairs[at])
    return text
