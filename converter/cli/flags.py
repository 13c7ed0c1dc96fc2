"""Options that several verbs share, each said once."""

from __future__ import annotations

import logging
import sys
from typing import Annotated

import typer

Reference = Annotated[
    str,
    typer.Argument(
        metavar="IMAGE",
        show_default=False,
        help="redis:7, registry.example/app@sha256:..., an archive (image.tar), or an OCI folder.",
    ),
]
PlatformName = Annotated[
    str,
    typer.Option(
        "--platform", metavar="OS/ARCH", help="Which platform of the image: linux/amd64, linux/arm64."
    ),
]
Source = Annotated[
    str, typer.Option("--source", help="Where to look for the image: auto, archive, engine or registry.")
]
Json = Annotated[
    bool, typer.Option("--json", help="Print one JSON document on standard output, nothing else.")
]
Verbose = Annotated[bool, typer.Option("-v", "--verbose", help="Explain each decision on standard error.")]


def explain(verbose: bool) -> None:
    """Send what the converter decides to standard error, if asked for."""
    logger = logging.getLogger("u2k")
    if verbose and not logger.handlers:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(logging.Formatter("u2k: %(message)s"))
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
