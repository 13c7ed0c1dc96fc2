"""`u2k inspect`: what an image is, and what of it would run."""

from __future__ import annotations

from converter.cli.examples import examples
from converter.cli.flags import Json, NoAdapt, PlatformName, Reference, Source, Verbose, explain

EXAMPLES = examples("u2k inspect redis:7", "u2k inspect --json image.tar | jq .program")


def command(
    image: Reference,
    platform: PlatformName = "linux/amd64",
    source: Source = "auto",
    no_adapt: NoAdapt = False,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Show an image's layers, configuration, program and libraries, and what later layers deleted.

    Nothing is executed or converted. Exit status as of convert: 3, after all else has been shown, when
    the image's program could not run.
    """
    explain(verbose)
    from converter.cli.progress import shown
    from converter.cli.show import show
    from converter.errors import IncompatibleImageError
    from converter.image.platform import Platform
    from converter.options import Options
    from converter.report.inspection import inspect_image
    from converter.report.inspection_text import lines

    options = Options(Platform.parse(platform), source=source, adapt=not no_adapt)
    found = inspect_image(image, options, shown(as_json))
    if as_json:
        import json
        from dataclasses import asdict

        print(json.dumps(asdict(found), indent=2))
    else:
        show(lines(found, everything=verbose))
    if found.problem is not None:
        raise IncompatibleImageError(
            found.problem.what, where=found.problem.where, hint=found.problem.next_step
        )
