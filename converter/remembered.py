"""How a unikernel was made: kept in the cache, so that the command that makes it again can be said in full.

A unikernel file does not name its image: the same bytes come out by whatever name that was fetched.
"""

from __future__ import annotations

import hashlib
import json
import shlex
from collections.abc import Collection, Sequence
from contextlib import suppress
from pathlib import Path

from converter.cache.folder import cache_folder
from converter.errors import OutputError
from converter.link.manifest import Manifest
from converter.output import whole_file

_UNKNOWN = "IMAGE"
_LIMIT = 1 << 20  # bytes that are read of one entry


def remember(manifest: Manifest, image: str, words: Sequence[str]) -> None:
    """`u2k convert WORDS IMAGE` made a unikernel with this manifest. Without a cache it is forgotten."""
    path = Path(image)
    told = {"image": str(path.absolute()) if path.exists() else image, "words": list(words)}
    # For the user alone: -e may have set a password.
    with suppress(OutputError), whole_file(_entry(manifest), mode=0o600) as file:
        file.write(json.dumps(told).encode())


def convert_again(
    manifest: Manifest,
    file: Path | None,
    more: Sequence[tuple[str, str]],
    *,
    image: str | None = None,
    wanted: Collection[str] = (),
) -> str:
    """The command that makes the same, with the options and values `more` as well.

    file:   the unikernel that it replaces; None: it is for nobody to see, so another is made
    image:  its name, where the caller knows it; else as remembered, else the word IMAGE
    wanted: system calls and parts that are not to be left out any longer
    """
    known, words = _recalled(manifest)
    target = () if file is None else ("--force", "-o", str(file))
    for name in wanted:
        while (at := _index(words, ("--drop", name))) is not None:
            del words[at : at + 2]
    for pair in more:
        if _index(words, pair) is None:
            words += pair
    return shlex.join(["u2k", "convert", *target, *words, image or known or _UNKNOWN])


def _index(words: Sequence[str], pair: tuple[str, str]) -> int | None:
    return next((at for at in range(len(words) - 1) if (words[at], words[at + 1]) == pair), None)


def is_remembered(manifest: Manifest) -> bool:
    """Whether the image's name is known."""
    return _recalled(manifest)[0] is not None


def _recalled(manifest: Manifest) -> tuple[str | None, list[str]]:
    """Image and words. An entry that is damaged is none."""
    with suppress(OutputError, OSError, ValueError, LookupError, TypeError, RecursionError):
        with _entry(manifest).open("rb") as file:
            told = json.loads(file.read(_LIMIT))
        return str(told["image"]), [str(word) for word in told["words"]]
    return None, []


def _entry(manifest: Manifest) -> Path:
    return cache_folder("conversions") / f"{hashlib.sha256(manifest.note()).hexdigest()[:32]}.json"
