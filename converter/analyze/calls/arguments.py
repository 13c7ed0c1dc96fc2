"""Arguments that choose parts of the library OS: address families, ioctl requests, paths below /proc ...

They are followed from the system call instruction back to where they come from, as its number is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from converter.analyze.calls.openings import CHOICE, PATH_AND_FLAGS, Openings
from converter.analyze.calls.origins import Origins, is_unknown
from converter.analyze.calls.reach import Place
from converter.analyze.calls.sites import MAX_EVIDENCE, Site, Sites
from converter.analyze.calls.summary import Summary
from converter.analyze.calls.witness import Witness
from converter.profile.model import Entries, Evidence

# System call -> (choice, which argument, bits of it that choose; 0: it is a path). open(2), socket(2),
# ioctl(2) ...
_NUMBERS: dict[str, tuple[tuple[str, int, int], ...]] = {
    "socket": (("socket.domain", 0, 0xFFFFFFFF), ("socket.type", 1, 0xF), ("socket.protocol", 2, 0xFFFFFFFF)),
    "socketpair": (("socket.domain", 0, 0xFFFFFFFF), ("socket.type", 1, 0xF)),
    "setsockopt": (("setsockopt.level", 1, 0xFFFFFFFF),),
    "ioctl": (("ioctl", 1, 0xFFFFFFFF),),
    "prctl": (("prctl", 0, 0xFFFFFFFF),),
    "arch_prctl": (("arch_prctl", 0, 0xFFFFFFFF),),
    "fcntl": (("fcntl", 1, 0xFFFFFFFF),),
    "clone": (("clone.flags", 0, 0xFFFFFF00),),
    "open": (("open.path", 0, 0),),
    "openat": (("open.path", 1, 0),),
    "readlink": (("open.path", 0, 0),),
    "readlinkat": (("open.path", 1, 0),),
    "execve": (("execve.path", 0, 0),),
    "mount": (("mount.type", 2, 0),),
}
_KEPT_PATHS = (b"/proc", b"/sys", b"/dev")
_ANY = "*"
_MAX_VALUES = 1024  # of one choice; more count as any


class Arguments:
    """The choices of a program."""

    def __init__(
        self, summaries: Sequence[Summary], origins: Origins, witness: Witness, sites: Sites
    ) -> None:
        self._summaries = summaries
        self._origins = origins
        self._witness = witness
        self._sites = sites

    def choices(self) -> dict[str, Entries]:
        """StaticCalls.arguments. Numbers are decimal; of paths that are opened or read as links, only those
        of virtual file systems.
        """
        found: dict[str, dict[str, list[Evidence]]] = {}

        def add(choice: str, site: Site, taken: Iterable[tuple[str, Place]]) -> None:
            values = found.setdefault(choice, {})
            for value, source in taken:
                known = values.setdefault(value if len(values) < _MAX_VALUES else _ANY, [])
                if len(known) < MAX_EVIDENCE:
                    evidence = self._witness.passing(source, site.place)
                    known += [evidence] if evidence not in known else []

        openings = Openings(self._summaries, self._origins)
        for site in self._sites.found:
            for choice, argument, mask in _NUMBERS.get(site.name, ()):
                add(choice, site, self._values(site, choice, argument, mask))
            if site.name in PATH_AND_FLAGS:
                add(CHOICE, site, openings.of(site))
        return {
            choice: {value: tuple(why) for value, why in sorted(values.items())}
            for choice, values in sorted(found.items())
            if values
        }

    def _values(self, site: Site, choice: str, argument: int, mask: int) -> list[tuple[str, Place]]:
        """The values that an argument of a site can have, with the functions that they come from."""
        register = self._summaries[site.place[0]].argument_register(argument)
        found: list[tuple[str, Place]] = []
        for value, source in self._origins.at(site.place, site.address, register).items():
            if mask and isinstance(value, int):
                found.append((str(value & mask), source))
            elif not mask and value == 0:
                continue  # no path at all: the call fails
            elif not mask and not is_unknown(value):
                text = self._summaries[source[0]].string(value)
                if text is None:
                    found.append((_ANY, source))
                elif choice != "open.path" or text.startswith(_KEPT_PATHS):
                    found.append((text.decode("utf-8", "surrogateescape"), source))
            else:
                found.append((_ANY, source))
        return found
