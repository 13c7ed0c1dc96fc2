"""Names of runs: the user's, or a readable one that nobody has yet."""

from __future__ import annotations

import re
import secrets

from converter.errors import UsageError

_ALLOWED = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")
# fmt: off
_HOW = (
    "amber", "brisk", "calm", "clear", "coral", "crisp", "dusky", "early", "fair", "fleet", "frosty",
    "gentle", "glad", "golden", "hardy", "keen", "late", "light", "lively", "lunar", "mellow", "misty",
    "noble", "olive", "pale", "plain", "proud", "quick", "quiet", "rapid", "rosy", "rustic", "sandy",
    "silver", "smooth", "snowy", "solar", "steady", "still", "sunny", "swift", "tidy", "vivid", "warm",
    "wide", "windy", "wise", "young",
)
_WHAT = (
    "acorn", "alder", "aspen", "badger", "beech", "birch", "bison", "brook", "cedar", "cliff", "cloud",
    "crane", "dune", "eagle", "elm", "falcon", "fern", "finch", "fjord", "fox", "glade", "grove",
    "hare", "hazel", "heron", "island", "ivy", "lake", "larch", "lark", "linden", "lynx", "maple",
    "marsh", "meadow", "moss", "oak", "otter", "owl", "pine", "pond", "raven", "reed", "ridge", "river",
    "robin", "rowan", "spruce", "stone", "stream", "swan", "thistle", "thrush", "valley", "willow",
    "wren",
)
# fmt: on


def is_name(name: str) -> bool:
    """Whether a run can be called so: docker's rule, and no longer than a file's name may be."""
    return _ALLOWED.fullmatch(name) is not None


def checked_name(name: str) -> str:
    """`name` if it is one. UsageError otherwise."""
    if not is_name(name):
        raise UsageError(
            f"{name[:80]!r} is no name of a run",
            where="--name",
            hint="begin with a letter or digit, go on with these, _ . and -, up to 63 in all",
        )
    return name


def random_name() -> str:
    """As `quiet-heron-42`."""
    return f"{secrets.choice(_HOW)}-{secrets.choice(_WHAT)}-{secrets.randbelow(90) + 10}"
