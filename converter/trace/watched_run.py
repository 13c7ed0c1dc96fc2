"""A run of a unikernel that is watched: traced by its own kernel, or for what it misses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from converter.errors import UsageError
from converter.image.tree import FileTree
from converter.link.embedded import root_in
from converter.link.manifest import Manifest
from converter.link.sections import read_profile_section
from converter.output import default_name, text_file
from converter.profile.merge import check_same_program, merge
from converter.profile.model import Profile
from converter.profile.reading import MAX_BYTES, parse_profile, read_profile
from converter.profile.writing import profile_text
from converter.remembered import convert_again, is_remembered
from converter.rootfs.reading import CorruptRootError, read_root
from converter.run.request import Runner, RunRequest
from converter.trace.learn import Learned
from converter.trace.unikernel import tracing

Choose = Callable[[Manifest], Runner]


def run_plainly(request: RunRequest, choose: Choose, image: str | None) -> tuple[int, list[str]]:
    """Run it as it is. Returns the program's status, and the command that adds what it missed, if anything.

    image: what the user named, if that is no unikernel; so in all of these
    Errors: RunError.
    """
    missed = Learned()
    status = choose(request.manifest).run(replace(request, watch=missed.line))
    if not missed.anything():
        return status, []
    return status, _next(request, missed.options(), missed.absent, image)


def run_traced(request: RunRequest, choose: Choose, image: str | None, file: Path) -> tuple[int, list[str]]:
    """Run `request`'s unikernel with a kernel that has every part and tells what is asked of it.

    `file` gets the profile; if it is one of the same program, what was seen is added to it. Returns the
    program's status and lines for the user. Errors: UsageError, ToolchainError, OutputError, RunError.
    """
    there = read_profile(file) if file.exists() else None
    carried = carried_profile(request.unikernel)
    tree = _root_of(request.unikernel)
    with tracing(request.unikernel, tree, carried.subject if carried else None) as traced:
        changed = replace(request, unikernel=traced.path, manifest=traced.manifest, watch=traced.log.line)
        status = choose(traced.manifest).run(changed)
        seen = traced.profile()
    text_file(file, profile_text(merge([there, seen]) if there else seen))
    said = [f"traced: {len(seen.syscalls)} system calls, {len(seen.files)} files -> {file}"]
    if traced.log.full:
        said.append("it did more than could be kept: what came last is missing")
    return status, [*said, *_next(request, [("--profile", str(file))], (), image)]


def _root_of(unikernel: Path) -> FileTree:
    """The files that are in it. UsageError for one that is damaged."""
    try:
        return read_root(unikernel, *root_in(unikernel))
    except CorruptRootError as error:
        raise UsageError(
            f"its root image is damaged: {error}", where=str(unikernel), hint="convert the image again"
        ) from error


def run_learning(
    request: RunRequest, choose: Choose, image: str | None, file: Path | None
) -> tuple[int, list[str]]:
    """Run it as it is, and add what was missing to its profile.

    file: the profile; None: NAME.profile.json beside the unikernel, or here for an image. One that is not
    there yet begins as the one that the unikernel carries. Returns the program's status and lines for the
    user. Errors: UsageError, OutputError, RunError.
    """
    made = request.unikernel if image is None else Path(default_name(image))
    path = file or made.with_name(made.name.removesuffix(".u2k") + ".profile.json")
    carried = carried_profile(request.unikernel)
    base = read_profile(path) if path.exists() else carried
    if base is not None and carried is not None:
        check_same_program(carried.subject, base.subject, str(path))
    if base is None:
        raise UsageError(
            "it carries no profile to which anything could be added",
            where=str(request.unikernel),
            hint="name one with --profile FILE, or convert the image again",
        )
    learned = Learned()
    status = choose(request.manifest).run(replace(request, watch=learned.line))
    said = []
    if learned.lacked:
        said.append(f"the library OS does not have: {', '.join(learned.lacked)} (docs/reference/syscalls.md)")
    if not learned.anything():
        return status, [*said, "nothing to learn: nothing was missed that could be there"]
    profile = learned.profile(base)
    text_file(path, profile_text(profile))
    for what, names in (
        ("system calls", learned.calls),
        ("files", learned.paths),
        ("parts", learned.parts),
    ):
        if names:
            said.append(f"learned {what}: {', '.join(names)}")
    more = [("--profile", str(path)), *(("--add-part", part) for part in learned.parts)]
    return status, [*said, *_next(request, more, learned.absent, image)]


def carried_profile(unikernel: Path) -> Profile | None:
    """The profile in a unikernel file, if it has one. UsageError if that is damaged."""
    data = read_profile_section(unikernel, MAX_BYTES)
    return None if data is None else parse_profile(data, str(unikernel))


def _next(
    request: RunRequest, more: list[tuple[str, str]], wanted: tuple[str, ...], image: str | None
) -> list[str]:
    """What to type to convert with what is known now."""
    file = request.unikernel if image is None else None
    said = [f"next: {convert_again(request.manifest, file, more, image=image, wanted=wanted)}"]
    if image is None and not is_remembered(request.manifest):
        said.append(
            f"IMAGE is the one with the digest {request.manifest.source_digest}: no name is known here"
        )
    return said
