"""The documents beside a unikernel, written from a conversion that was done now, or from one that is kept."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from converter.conversion_cache.entry import Entry
from converter.image.reference import name_elsewhere
from converter.output import check_target, text_file

if TYPE_CHECKING:
    from converter.convert import Conversion
    from converter.profile.model import Profile


@dataclass(frozen=True, slots=True)
class Documents:
    """Where they are wanted; None: not at all."""

    profile: Path | None = None
    seccomp: Path | None = None
    sbom: Path | None = None

    def targets(self) -> Mapping[str, Path]:
        """By the option that asks for it."""
        every = {"--save-profile": self.profile, "--seccomp": self.seccomp, "--sbom": self.sbom}
        return {option: path for option, path in every.items() if path is not None}

    def check(self, *, force: bool) -> None:
        """Before any long work. Errors: as `check_target`."""
        for option, path in self.targets().items():
            check_target(path, force=force, text=True, option=option)


def write_new(wanted: Documents, made: Conversion) -> str | None:
    """Write them; the bill of materials, if it was wanted. Errors: UsageError, SourceError, OutputError."""
    from converter.report.by_products import sbom_text

    _write_of_profile(wanted, made.profiled.profile, made.unikernel.manifest.architecture)
    if wanted.sbom is None:
        return None
    text = sbom_text(made, wanted.sbom)
    text_file(wanted.sbom, text)
    return text


def write_kept(wanted: Documents, entry: Entry, reference: str, bill: str | None) -> None:
    """Write them as for the image `reference`; `bill` is what `entry` has. Errors: as `write_new`."""
    if wanted.profile is not None or wanted.seccomp is not None:
        from converter.known import profile_in

        profile = profile_in(entry.unikernel)
        named = replace(profile, subject=replace(profile.subject, reference=name_elsewhere(reference)))
        _write_of_profile(wanted, named, entry.manifest.architecture)
    if wanted.sbom is not None and bill is not None:
        text_file(wanted.sbom, bill)


def bill_name(wanted: Documents, file: Path) -> str:
    """What a bill of materials of the unikernel `file` depends on, besides the conversion, as a name."""
    says = (file.name, "" if wanted.sbom is None else wanted.sbom.name, os.environ.get("SOURCE_DATE_EPOCH"))
    return hashlib.sha256(repr(says).encode()).hexdigest()[:16]


def _write_of_profile(wanted: Documents, profile: Profile, architecture: str) -> None:
    if wanted.profile is not None:
        from converter.profile.writing import profile_text

        text_file(wanted.profile, profile_text(profile))
    if wanted.seccomp is not None:
        from converter.report.by_products import seccomp_for

        text_file(wanted.seccomp, seccomp_for(profile, architecture))
