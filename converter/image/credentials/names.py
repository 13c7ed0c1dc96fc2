"""By which keys logins are kept: docker's for its Hub is a URL of 2013, all others are HOST[:PORT]."""

from __future__ import annotations

from converter.image.reference import HUB, canonical

HUB_KEY = "https://index.docker.io/v1/"


def key_of(registry: str) -> str:
    """The key that docker login writes, and asks helpers by."""
    return HUB_KEY if registry == HUB else registry


def fit(key: str, registry: str, repository: str) -> int | None:
    """How well a login kept under `key` fits: the length of its repository part; None: it is for another.

    Keys are hosts, with what old versions put around them (``https://HOST/v1/``), or, of podman,
    ``HOST/NAMESPACE`` (containers-auth.json(5)).
    """
    host, _, path = key.removeprefix("https://").removeprefix("http://").partition("/")
    path = path.strip("/")
    if canonical(host) != registry:
        return None
    if path in ("", "v1", "v2"):
        return 0
    return len(path) if f"{repository}/".startswith(f"{path}/") else None
