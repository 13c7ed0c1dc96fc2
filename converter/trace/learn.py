"""What a run of a unikernel missed, out of its log's lines (u2k/log.h, u2k/boot.h): `u2k run --learn`."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from converter.image.glob import literal
from converter.profile.merge import union
from converter.profile.model import Entries, Evidence, Profile

_CALL = re.compile(
    r"u2k: system call (?P<name>[a-z0-9_]+) \(\d+\) is not in "
    r"(?P<where>this unikernel|the library OS): (?P<rest>.*)"
)
_PART = re.compile(r"u2k: part (?P<name>[a-z0-9_]+) is not in this unikernel: ")
_PATH = re.compile(r"u2k: (?P<path>/.*) was left out of the root: ENOENT; keep it with: ")
_WITHOUT = "programs do without"  # a call that programs only try
_CUT = 255  # bytes of a path that the log has at most
LIMIT = 10_000  # lines that are remembered, of each kind


@dataclass(slots=True)
class Learned:
    """Feed it lines of the log. Names and paths in the order of their appearance.

    calls:  that the library OS has and this unikernel lacks
    lacked: that the library OS does not have
    """

    calls: dict[str, None] = field(default_factory=dict)
    lacked: dict[str, None] = field(default_factory=dict)
    parts: dict[str, None] = field(default_factory=dict)
    paths: dict[str, None] = field(default_factory=dict)

    def line(self, text: str) -> bool:
        """Always False: the user sees the line as well."""
        if (call := _CALL.fullmatch(text)) is not None:
            if _WITHOUT not in call["rest"]:
                _add(self.calls if call["where"] == "this unikernel" else self.lacked, call["name"])
        elif (part := _PART.match(text)) is not None:
            _add(self.parts, part["name"])
        elif (path := _PATH.match(text)) is not None:
            _add(self.paths, path["path"])
        return False

    def anything(self) -> bool:
        """Whether there is something that another conversion would bring."""
        return bool(self.calls or self.paths or self.parts)

    @property
    def absent(self) -> tuple[str, ...]:
        """Calls and parts that were wanted and can be had."""
        return (*self.calls, *self.parts)

    def options(self) -> list[tuple[str, str]]:
        """What `u2k convert` is to be told, so that nothing of it is missed again."""
        return [
            *(("--add-syscall", name) for name in self.calls),
            *(("--add-part", name) for name in self.parts),
            *(("--keep", _glob(path)) for path in self.paths),
        ]

    def profile(self, base: Profile) -> Profile:
        """`base`, and what was learned, with evidence `learned`."""
        return replace(
            base,
            syscalls=union((base.syscalls, _entries(self.calls, "the program made it and it was not there"))),
            files=union((base.files, _entries(self.paths, "the program looked for it and it was not there"))),
        )


def _glob(path: str) -> str:
    """The glob for a path as the log has it: `?` for a control character, U+FFFD for what is no UTF-8, cut
    where it is too long (fs/vfs/left_out.c).
    """
    exact = literal(os.fsencode(path)).replace(rb"\?", b"?").replace("\ufffd".encode(), b"*")
    return os.fsdecode(exact) + ("*" if len(os.fsencode(path)) >= _CUT else "")


def _entries(names: Mapping[str, None], how: str) -> Entries:
    return {name: (Evidence("learned", "u2k run --learn", how),) for name in names}


def _add(where: dict[str, None], name: str) -> None:
    if len(where) < LIMIT:
        where[name] = None
