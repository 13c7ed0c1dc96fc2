"""Argument vector and environment of the program, by docker's rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from converter.errors import IncompatibleImageError
from converter.image.model import ImageConfig

DEFAULT_PATH = b"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"  # docker's, on Linux


def argument_vector(
    config: ImageConfig, *, entrypoint: Sequence[str] | None = None, args: Sequence[str] | None = None
) -> tuple[bytes, ...]:
    """ENTRYPOINT and CMD together, as `docker run [--entrypoint E] IMAGE [ARGS]` has it.

    `args`, unless None or empty, replace CMD; a new `entrypoint` also clears CMD, and an empty one clears the
    image's. Raises IncompatibleImageError if nothing is left to run.
    """
    words = list(config.entrypoint if entrypoint is None else entrypoint)
    if args:
        words += args
    elif entrypoint is None:
        words += config.cmd
    if words and not words[0]:
        raise IncompatibleImageError(
            "the first word of the command is empty",
            where="ENTRYPOINT",
            hint="give a program with --entrypoint",
        )
    if not words:
        raise IncompatibleImageError(
            "the image names no program: it has neither ENTRYPOINT nor CMD",
            hint="give one with --entrypoint, or choose an image that runs something",
        )
    return tuple(encode(word, "the command") for word in words)


def environment(config: ImageConfig, home: bytes) -> Mapping[bytes, bytes]:
    """ENV in its order, PATH first if the image has none, HOME last if it has none; a later name wins.

    HOSTNAME is left to the run. Entries without a value unset their name, as docker has it.
    """
    found: dict[bytes, bytes] = {b"PATH": DEFAULT_PATH}
    for entry in config.env:
        name, equals, value = encode(entry, "ENV").partition(b"=")
        if equals and name:
            found[name] = value
        else:
            found.pop(name, None)
    found.setdefault(b"HOME", home)
    return MappingProxyType(found)


def encode(text: str, where: str) -> bytes:
    """Text of a JSON document as bytes for the program. Raises IncompatibleImageError for a NUL in it."""
    if "\0" in text:
        raise IncompatibleImageError(
            "a NUL character cannot be passed to a program", where=where, hint="rebuild the image without it"
        )
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # a JSON escape that is half a character
        return text.encode("utf-8", "replace")
