"""What is asked about an image with the same flags by every verb that reads one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from converter.cli.flags import variables, words

if TYPE_CHECKING:
    from converter.options import Options


def image_options(
    platform: str,
    source: str,
    entrypoint: str | None,
    args: str | None,
    env: list[str] | None,
    program: str | None,
    *,
    no_adapt: bool,
) -> Options:
    """The options that these flags come to; UsageError for one that cannot be read."""
    from converter.image.platform import Platform
    from converter.options import Options

    return Options(
        Platform.parse(platform),
        source=source,
        entrypoint=None if entrypoint is None else (entrypoint,),
        args=words(args, "--args") or (),
        env=variables(env),
        program=words(program),
        adapt=not no_adapt,
    )
