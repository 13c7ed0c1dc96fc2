"""Whether what was asked for is in a unikernel, beyond what its profile says: one line each."""

from __future__ import annotations

import os
import shlex

from converter.convert import slimmed_root
from converter.image.glob import literal
from converter.link.choice import STRICT
from converter.link.manifest import Manifest
from converter.link.parts import implied_calls
from converter.options import Options
from converter.profile.model import Profile
from converter.profiling import Profiled


def linked_line(call: str, profile: Profile, manifest: Manifest) -> str:
    """Whether a unikernel has the handler of a system call, and why, if the profile alone does not tell."""
    known = profile.syscalls.get(call, ())
    if call in manifest.syscalls:
        return f"linked{_why_all_the_same(call, profile, manifest)}"
    if call in manifest.options.get("drop", "").split():
        return "not linked: --drop left it out"
    if manifest.options.get("form") == "strict" and not any(each.kind in STRICT for each in known):
        return "not linked: nobody saw it, and it was converted with --strict"
    if known or "*" in profile.syscalls:
        return "not linked: the library OS it was made with does not have it (docs/reference/syscalls.md)"
    return "not linked"


def _why_all_the_same(call: str, profile: Profile, manifest: Manifest) -> str:
    if call in profile.syscalls:
        return ""
    if manifest.options.get("form") == "full":
        return ": it was converted with --full"
    if users := sorted(set(implied_calls().get(call, ())) & set(manifest.syscalls)):
        return f": system call {users[0]} relies on it"
    return ": a call whose number could not be told may be it" if "*" in profile.syscalls else ""


def root_line(name: str, profiled: Profiled, options: Options) -> str:
    """Whether the root of a unikernel of this image has a file, and why.

    Raises SourceError when the cached layers are gone.
    """
    from converter.analyze.packages.database import read_packages

    tree, path = profiled.reading.tree, os.fsencode(name)
    found = tree.find(path) if path.startswith(b"/") else None
    if found is None:
        return "" if not path.startswith(b"/") else "the image has no such file"
    packages = read_packages(tree)
    slimmed = slimmed_root(profiled, packages, options)
    reasons = {each.path: each.reason for each in slimmed.dropped}
    if (reason := reasons.get(found[0])) is not None:
        keep = os.fsdecode(literal(found[0]))
        return f"left out of the root: {reason}; what keeps it is --keep {shlex.quote(keep)}"
    if (why := (slimmed.kept or {}).get(found[0])) is not None:
        return f"in the root: {why}"
    owners = " and ".join(sorted({each.name for each in packages.owners.get(found[0], ())}))
    return f"in the root: {f'data of the package {owners}' if owners else 'no package owns it'}"
