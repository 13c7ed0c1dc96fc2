"""`u2k logout`: forget a login for a registry."""

from __future__ import annotations

import sys

from converter.cli.examples import examples
from converter.cli.login import Registry

EXAMPLES = examples("u2k logout", "u2k logout ghcr.io")


def command(registry: Registry = None) -> None:
    """Forget a login, of u2k and of docker: in docker's credential helper and its config.json.

    Exit status: 0, also when there was none.
    """
    from converter.image.credentials.lookup import find_credential
    from converter.image.credentials.saving import forget
    from converter.image.registry.login import registry_named

    host = registry_named(registry)
    print(f"logged out of {host}" if forget(host) else f"not logged in to {host}")
    left = find_credential(host).credential
    if left is not None:
        print(f"u2k: there still is a login for it in {left.origin}", file=sys.stderr)
