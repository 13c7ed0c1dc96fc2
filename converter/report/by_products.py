"""What a conversion gives to users of the container besides: documents of the same contents."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from converter import __version__
from converter.link.architecture import architecture
from converter.link.catalogue import syscall_numbers
from converter.profile.seccomp import seccomp_text

if TYPE_CHECKING:
    from converter.convert import Conversion
    from converter.profile.model import Profile
    from converter.profiling import Profiled


def sbom_text(conversion: Conversion, path: Path) -> str:
    """The bill of materials of what is left in the unikernel, in the format that `path` is named for.

    Raises UsageError when SOURCE_DATE_EPOCH is no number, SourceError when the cached layers are gone.
    """
    from converter.report.sbom import Format, bill_of
    from converter.report.sbom_cyclonedx import cyclonedx
    from converter.report.sbom_spdx import spdx

    reading = conversion.profiled.reading
    bill = bill_of(
        conversion.unikernel.path.name,
        reading.image.digest,
        conversion.slimmed.tree,
        conversion.packages,
        reading.image_tree,
        tool_version=__version__,
        parts=conversion.unikernel.manifest.parts,
        created=reading.image.config.created,
    )
    return (spdx if Format.of(path) is Format.SPDX else cyclonedx)(bill)


def seccomp_of(profiled: Profiled) -> str:
    """The OCI seccomp profile of the system calls that the program may make, whether u2k has them or not.

    Raises UsageError for an architecture that there is none for.
    """
    return seccomp_for(profiled.profile, profiled.reading.image.config.architecture)


def seccomp_for(profile: Profile, machine: str) -> str:
    """As `seccomp_of`, for a profile alone; `machine` is the image's architecture, as OCI names it."""
    return seccomp_text(calls_of(profile, machine), machine)


def calls_of(profile: Profile, machine: str) -> frozenset[str]:
    """Names of the system calls that the program may make; `machine` as for `seccomp_for`."""
    names = set(profile.syscalls)
    if "*" in names:  # it may be any
        names = {*names - {"*"}, *syscall_numbers(architecture(machine))}
    return frozenset(names)
