"""The profile of whatever a user names: a profile file, a unikernel file, or an image that is read now."""

from __future__ import annotations

from dataclasses import dataclass
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


def is_profile(path: Path) -> bool:
    """Whether a file is named or begins like a profile, so that errors speak of one."""
    if path.suffix == ".json":
        return True
    try:
        with path.open("rb") as file:
            return file.read(64).lstrip().startswith(b"{")
    except OSError:
        return False  # an image of that name, perhaps
