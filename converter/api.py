"""What `import converter` offers (docs/reference/python.md); the verbs of the command line call the same."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from converter.conversion_cache.conversion import Converted, converted
from converter.conversion_cache.documents import Documents
from converter.image.progress import Progress
from converter.options import Options
from converter.profile.model import Profile

# What converts takes a quarter of a second to load, and a conversion that is copied does without.
if TYPE_CHECKING:
    from converter.profiling import Profiled
    from converter.running import RunOptions
    from converter.trace.request import TraceRequest


def convert(
    image: str,
    output: Path | None = None,
    options: Options | None = None,
    *,
    profiles: Sequence[Profile] = (),
    trace: TraceRequest | None = None,
    documents: Documents | None = None,
    force: bool = False,
    reuse: bool = True,
    progress: Progress | None = None,
) -> Converted:
    """Convert a container image into a unikernel file.

    >>> import converter
    >>> made = converter.convert("app.tar", Path("app.u2k"))
    >>> made.file.exists(), made.manifest.argv
    (True, ('/bin/hello',))

    image:     a reference, an archive or an OCI folder, as `u2k convert` takes it
    output:    the file to write; None: in this folder, named after the image
    profiles:  joined with what reading finds; trace: run the program in a sandbox as well
    documents: what else is written: the profile, a seccomp profile, a bill of materials
    force:     files that are there are replaced
    reuse:     what was made of the same image, options and profiles before is copied

    Errors: U2kError, of which UsageError (arguments), SourceError (the image could not be had),
    IncompatibleImageError (it cannot become a unikernel), OutputError, ToolchainError, RunError (tracing).
    No file is left then.
    """
    return converted(
        image,
        output,
        options,
        profiles=profiles,
        trace=trace,
        documents=documents,
        force=force,
        reuse=reuse,
        progress=progress,
    )


def profile(
    image: str,
    options: Options | None = None,
    *,
    profiles: Sequence[Profile] = (),
    trace: TraceRequest | None = None,
    progress: Progress | None = None,
) -> Profiled:
    """Find the system calls, libraries and files that an image's program uses, each with why.

    >>> import converter
    >>> found = converter.profile("app.tar").profile
    >>> "write" in found.syscalls, found.subject.path
    (True, '/bin/hello')

    By reading alone, unless `trace` asks for a run. Errors: as `convert`; nothing is built or written.
    """
    from converter.profiling import profile_image

    return profile_image(image, options, profiles, trace, progress)


def run(
    what: str,
    args: Sequence[str] = (),
    how: RunOptions | None = None,
    options: Options | None = None,
    *,
    progress: Progress | None = None,
) -> int:
    """Run a unikernel file, or an image, which is converted first and kept; the program's status.

    >>> import converter
    >>> converter.run("app.u2k", ["one", "two"], converter.RunOptions(on="process"))
    2

    args: instead of the image's CMD; options: how an image is converted
    The streams are those of this process, its signals are passed on, and it returns when the program has
    ended: 128 + n by signal n. Errors: RunError when it cannot be run here, else as `convert`.
    """
    from converter.running import RunOptions, find, run_found

    asked = how or RunOptions()
    return run_found(find(what, args, asked, options or Options(), progress), asked)
