"""Whether an image can become a unikernel, and what is in the way, as converting it would find."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from converter.analyze.packages.database import read_packages
from converter.analyze.refusal import Refusal, evidence_lines
from converter.convert import check_evidence, slimmed_root
from converter.errors import IncompatibleImageError
from converter.image.model import Image
from converter.image.open import open_image
from converter.image.progress import Progress, Silent
from converter.libos import implemented
from converter.link.architecture import architecture
from converter.link.kernel import linker_script
from converter.link.wishes import check_options
from converter.options import Options
from converter.profile.model import Profile
from converter.profiling import Profiled, profile_image, unsupported
from converter.rootfs.layout import plan


@dataclass(frozen=True, slots=True)
class Obstacle:
    """What keeps an image from being converted.

    need:     what its program needs and is not there, in a few words; empty: another reason
    evidence: lines of where that shows
    hint:     what the user can do; may be empty
    """

    need: str
    what: str
    evidence: tuple[str, ...] = ()
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """What was found.

    program:   the command line that would run; empty if there is none
    obstacles: empty: the image can be converted
    allowed:   those that --allow-unsupported lets pass
    absent:    system calls that the program may make and the library OS has not (they end with ENOSYS)
    notes:     sentences: why there may be more than was found
    """

    reference: str
    digest: str
    platform: str
    program: tuple[str, ...]
    obstacles: tuple[Obstacle, ...]
    allowed: tuple[Obstacle, ...] = ()
    absent: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def convertible(self) -> bool:
        """Whether `u2k convert` would do it."""
        return not self.obstacles


def check(
    ref: str,
    options: Options | None = None,
    profiles: Sequence[Profile] = (),
    progress: Progress | None = None,
) -> Check:
    """Read the image and its program. Errors: UsageError, SourceError, OutputError (the cache)."""
    chosen, shown = options or Options(), progress or Silent()
    check_options(chosen)
    check_evidence(chosen, profiles, None)
    image = open_image(ref, platform=chosen.platform, source=chosen.source, progress=shown)
    try:
        profiled = profile_image(image, chosen, profiles, None, shown)
        found = tuple(map(_of_refusal, unsupported(profiled)))
        if not found or chosen.allow_unsupported:
            _could_be_built(profiled, chosen)
    except IncompatibleImageError as error:
        return Check(*_names(image), (), (Obstacle("", str(error), (), error.hint or ""),))
    profile = profiled.profile
    return Check(
        *_names(image),
        profile.subject.argv,
        () if chosen.allow_unsupported else found,
        found if chosen.allow_unsupported else (),
        tuple(sorted(set(profile.syscalls) - implemented() - {"*"})),
        tuple(_notes(profiled)),
    )


def _names(image: Image) -> tuple[str, str, str]:
    return image.reference, image.digest, str(image.config.platform)


def _of_refusal(refusal: Refusal) -> Obstacle:
    evidence = tuple(line.strip() for line in evidence_lines(refusal))
    return Obstacle(refusal.need, f"needs {refusal.need}: it {refusal.what}", evidence, refusal.hint)


def _could_be_built(profiled: Profiled, options: Options) -> None:
    """What is refused later: no library OS for the machine, files that no root image takes."""
    linker_script(options.target, architecture(options.platform.architecture))
    plan(slimmed_root(profiled, read_packages(profiled.reading.tree), options).tree)


def _notes(profiled: Profiled) -> Iterator[str]:
    undecided = profiled.reading.resolution.undecided
    if undecided is not None:
        yield f"the entrypoint could not be read to its end: {undecided}"
    yield from profiled.profile.open
