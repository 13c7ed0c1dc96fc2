"""The profile of whatever a user names: a profile file, a unikernel file, or an image that is read now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from converter.errors import UsageError
from converter.image.progress import Progress
from converter.link.manifest import Manifest, read_manifest
from converter.link.sections import read_profile_section
from converter.options import Options
from converter.profile.model import Profile
from converter.profile.reading import MAX_BYTES, parse_profile, read_profile
from converter.run.unikernel_file import is_unikernel

if TYPE_CHECKING:
    from converter.profiling import Profiled


@dataclass(frozen=True, slots=True)
class Known:
    """A profile; for a unikernel file its manifest, which says what was linked; for an image all of it."""

    profile: Profile
    manifest: Manifest | None = None
    image: Profiled | None = None


def known(what: str, options: Options | None = None, progress: Progress | None = None) -> Known:
    """The profile of `what`. Errors: UsageError, and as for `profile_image`."""
    path = Path(what)
    if is_unikernel(path):
        return Known(profile_in(path), read_manifest(path))
    if path.is_fifo() or is_profile(path):
        return Known(read_profile(path))
    from converter.profiling import profile_image

    profiled = profile_image(what, options, progress=progress)
    return Known(profiled.profile, image=profiled)


def profile_in(path: Path) -> Profile:
    """The profile that a file is, or that a unikernel carries. UsageError for what is neither."""
    if not is_unikernel(path):
        return read_profile(path)
    text = read_profile_section(path, MAX_BYTES)
    if text is None:
        raise UsageError("this unikernel carries no profile", where=str(path), hint="convert its image again")
    return parse_profile(text, str(path))


def profiles_in(paths: Sequence[Path]) -> list[Profile]:
    """The profiles that these files are, or that these unikernels carry. UsageError for what is none.

    Each is named by its file, which is what errors say of it when it does not fit; joined profiles take the
    name of the first, which is none of these.
    """
    found = [(str(path), profile_in(path)) for path in paths]
    return [replace(each, subject=replace(each.subject, reference=name)) for name, each in found]


def is_profile(path: Path) -> bool:
    """Whether a file is named or begins like a profile, so that errors speak of one."""
    if path.suffix == ".json":
        return True
    try:
        with path.open("rb") as file:
            return file.read(64).lstrip().startswith(b"{")
    except OSError:
        return False  # an image of that name, perhaps
