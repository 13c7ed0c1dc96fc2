"""Numbers of bytes as users write them."""

from __future__ import annotations

import re

from converter.errors import UsageError


def parse_bytes(text: str, where: str, hint: str = "write for example 500M, or 20G") -> int:
    """`500M`, `20GiB`, `1g`, `4096` as bytes; K, M, G and T are powers of 1024. UsageError for the rest."""
    match = re.fullmatch(r"(\d{1,15})([KMGT]?)(?:i?B)?", text.strip(), re.IGNORECASE)
    if match is None:
        raise UsageError(f"{text!r} is no size", where=where, hint=hint)
    return int(match[1]) << 10 * " KMGT".index(match[2].upper() or " ")
