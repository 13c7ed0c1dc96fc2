"""`u2k push`: a unikernel goes to a registry."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from converter.cli.examples import examples
from converter.cli.flags import Json, Verbose, explain

EXAMPLES = examples(
    "u2k push redis-7.u2k registry.example/redis-unikernel:7",
    "u2k push --sbom redis.cdx.json redis-7.u2k ghcr.io/me/redis:u2k",
    "u2k push --sign --key cosign.key app.u2k registry.example/app:u2k",
)


def command(
    unikernel: Annotated[
        Path, typer.Argument(metavar="UNIKERNEL", show_default=False, help="A file made by u2k convert.")
    ],
    name: Annotated[
        str,
        typer.Argument(
            metavar="REPOSITORY:TAG", show_default=False, help="Where to: registry.example/app:1."
        ),
    ],
    documents: Annotated[
        list[Path] | None,
        typer.Option(
            "--sbom",
            "--attach",
            metavar="FILE",
            help="Attach this bill of materials (CycloneDX, SPDX) or statement (in-toto). Can be repeated.",
        ),
    ] = None,
    no_provenance: Annotated[
        bool, typer.Option("--no-provenance", help="Do not attach how the unikernel was made.")
    ] = False,
    signed: Annotated[bool, typer.Option("--sign", help="Sign what was pushed, with cosign.")] = False,
    key: Annotated[
        str | None,
        typer.Option("--key", metavar="KEY", help="For --sign: cosign's key, a file or a KMS URI."),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", "-f", help="Take the tag even if it is something else's now.")
    ] = False,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Push a unikernel to a registry, as an OCI artifact, beside those of other platforms at its tag.

    Goes by the logins of docker and u2k login. Pieces that the registry has are not sent, so that a push
    that was interrupted goes on where it was. Exit status: 0 done, 2 usage, 4 the registry does not take it.
    """
    explain(verbose)
    from converter.artifact.documents import read_document
    from converter.artifact.push import push
    from converter.artifact.signing import cosign_binary, sign
    from converter.cli.progress import shown
    from converter.cli.show import show
    from converter.errors import UsageError
    from converter.image.reference import parse_registry_name
    from converter.report.artifact_text import pushed_lines

    if key is not None and not signed:
        raise UsageError("--key is for --sign", hint="add --sign")
    if signed:
        cosign_binary()
    made = push(
        unikernel,
        parse_registry_name(name),
        shown(as_json),
        documents=[read_document(path) for path in documents or ()],
        provenance=not no_provenance,
        force=force,
    )
    if signed:
        sign(made.reference, made.digest, key)
    if as_json:
        import json
        from dataclasses import asdict

        print(json.dumps({**asdict(made), "attached": [list(each) for each in made.attached]}, indent=2))
        return
    show(pushed_lines(made))
