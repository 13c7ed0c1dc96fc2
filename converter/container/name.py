"""What a slim container is called."""

from __future__ import annotations

import re

from converter.errors import UsageError
from converter.image.reference import DaemonReference, LocalReference, parse, parse_registry_name

_SUFFIX = "-slim"


def slim_name(ref: str) -> str:
    """NAME:TAG after the image's own: `docker.io/library/redis:7` -> `redis-slim:7`."""
    reference = parse(ref)
    if isinstance(reference, DaemonReference):
        reference = parse_registry_name(reference.name)
    if isinstance(reference, LocalReference):
        name = re.sub(r"[^a-z0-9]+", "-", reference.short_name.lower()).strip("-") or "image"
        return f"{name}{_SUFFIX}:latest"
    return f"{reference.repository.rpartition('/')[2]}{_SUFFIX}:{reference.tag or 'latest'}"


def checked_name(name: str) -> str:
    """NAME:TAG of what the user wrote, `latest` added where there is no tag. UsageError if it is no name."""
    reference = parse_registry_name(name)
    if reference.digest is not None:
        raise UsageError(
            "a digest is found, and not given", where=f"--tag {name}", hint="write NAME or NAME:TAG"
        )
    return reference.familiar
