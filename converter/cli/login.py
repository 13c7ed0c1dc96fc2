"""`u2k login`: a login for a registry, kept where docker keeps its own."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from converter.cli.examples import examples
from converter.cli.flags import Verbose, explain

EXAMPLES = examples(
    "u2k login ghcr.io",
    "u2k login -u alice --password-stdin registry.example:5000 < password.txt",
)

Registry = Annotated[
    str | None,
    typer.Argument(metavar="[REGISTRY]", show_default=False, help="HOST[:PORT]; by default Docker Hub."),
]


def command(
    registry: Registry = None,
    username: Annotated[
        str | None, typer.Option("-u", "--username", metavar="NAME", help="The user; else it is asked for.")
    ] = None,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password, or a token, from standard input.")
    ] = False,
    verbose: Verbose = False,
) -> None:
    """Log in to a registry, for u2k and docker: the login is checked, then kept where docker keeps its own.

    That is docker's credential helper if one is configured, else config.json. Exit status: 0 done, 2 usage,
    4 the registry does not accept it, or does not answer.
    """
    explain(verbose)
    from converter.errors import UsageError
    from converter.image.credentials.model import Credential
    from converter.image.credentials.saving import save
    from converter.image.registry.login import check_login, registry_named

    host = registry_named(registry)
    if password_stdin and username is None:
        raise UsageError("--password-stdin needs a user", hint="add -u NAME")
    if not password_stdin and not sys.stdin.isatty():
        raise UsageError(
            "no terminal to ask for the password", hint="give it on standard input, with --password-stdin"
        )
    user = username or typer.prompt(f"User of {host}", err=True)
    password = (
        sys.stdin.read().rstrip("\r\n")
        if password_stdin
        else typer.prompt(f"Password of {user}", hide_input=True, err=True)
    )
    if not password:
        raise UsageError("the password is empty", hint="give it on standard input, with --password-stdin")
    credential = Credential(user, password)
    checked = check_login(host, credential)
    kept = save(host, credential)
    print(f"logged in to {host} as {user}; kept in {kept}")
    if not checked:
        print(f"u2k: {host} lets everyone in: the password was not checked", file=sys.stderr)
    if not kept.startswith("docker-credential-"):
        print(
            "u2k: anyone who can read that file has the password; a credential helper is safer",
            file=sys.stderr,
        )
