"""From a reference to a profile: what `convert`, `profile` and `explain` share. Nothing is built here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from converter.analyze.calls.analysis import static_calls
from converter.analyze.calls.model import objects_of
from converter.analyze.program import Program, find_program
from converter.analyze.static_profile import static_profile
from converter.elf.closure import LibraryClosure
from converter.image.model import Image
from converter.image.open import file_tree, open_image
from converter.image.progress import Progress, Silent
from converter.image.tree import FileTree
from converter.options import Options
from converter.profile.merge import merge, union
from converter.profile.model import Evidence, Profile


@dataclass(frozen=True, slots=True)
class Reading:
    """An image, read and understood.

    image_tree: what the layers say; tree: what the program finds when it starts
    """

    image: Image
    image_tree: FileTree
    tree: FileTree
    program: Program
    libraries: LibraryClosure


@dataclass(frozen=True, slots=True)
class Profiled:
    """A reading, and all that is known of what its program uses.

    static: what reading alone gave; profile: that, and what was seen, given and asked for
    """

    reading: Reading
    static: Profile
    profile: Profile


def read_image(ref: str, options: Options | None = None, progress: Progress | None = None) -> Reading:
    """Fetch and understand an image. Errors: SourceError, IncompatibleImageError, UsageError."""
    chosen, shown = options or Options(), progress or Silent()
    image = open_image(ref, platform=chosen.platform, source=chosen.source, progress=shown)
    tree = file_tree(image, progress=shown)
    program = find_program(image.config, tree, entrypoint=chosen.program)
    return Reading(image, tree, program.with_missing_folders(tree), program, program.libraries(tree))


def profile_image(
    ref: str,
    options: Options | None = None,
    given: Sequence[Profile] = (),
    progress: Progress | None = None,
) -> Profiled:
    """Read an image, and find out what its program uses. `given` profiles are joined with what is found.

    Errors: as `read_image`; UsageError when a given profile is of another program.
    """
    chosen = options or Options()
    reading = read_image(ref, chosen, progress)
    calls = static_calls(reading.tree, objects_of(reading.tree, reading.libraries))
    static = static_profile(reading.image, reading.program, reading.libraries, calls)
    return Profiled(reading, static, asked_for(merge([static, *given]), chosen))


def asked_for(profile: Profile, options: Options) -> Profile:
    """The profile with the system calls that the command line adds."""
    why = Evidence("user", "--add-syscall")
    return replace(profile, syscalls=union((profile.syscalls, dict.fromkeys(options.add_syscalls, (why,)))))
