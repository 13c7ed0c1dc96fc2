"""Which formats there are: ours, and those of packages that name one as an entry point of the group
`u2k.formats`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from converter.errors import U2kError, UsageError
from converter.formats.elf import Elf
from converter.formats.firecracker import Firecracker
from converter.formats.oci import Oci
from converter.formats.qcow2 import Qcow2
from converter.formats.raw import Raw
from converter.formats.shipment import Format

GROUP = "u2k.formats"
_OWN: tuple[Format, ...] = (Elf(), Raw(), Qcow2(), Oci(), Firecracker())
NAMES = tuple(each.name for each in _OWN)


@cache
def all_formats() -> Mapping[str, Format]:
    """By name. Another package cannot replace one of ours. U2kError for one that cannot be loaded."""
    from importlib import metadata  # only for formats that are not ours

    found: dict[str, Format] = {}
    for point in metadata.entry_points(group=GROUP):
        try:
            found[point.name] = point.load()()
        except Exception as error:
            package = point.dist.name if point.dist else point.value
            raise U2kError(
                f"the format {point.name} cannot be loaded: {error}",
                where=package,
                hint=f"update or remove the package {package}",
            ) from error
    return {**found, **{each.name: each for each in _OWN}}


def format_named(name: str) -> Format:
    """UsageError if there is none."""
    for each in _OWN:
        if each.name == name:
            return each  # without a look at what is installed
    known = all_formats()
    if name not in known:
        raise UsageError(f"{name!r} is none of: {', '.join(known)}", where="--format")
    return known[name]
