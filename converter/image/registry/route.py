"""From an image's name to the places that serve it: mirrors in their order, then the registry."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

from converter.errors import SourceError, UsageError
from converter.image.reference import Reference, canonical, is_host
from converter.image.registry.certificates import authorities_for, identity_for
from converter.image.registry.connection import settled
from converter.image.registry.endpoint import Endpoint, host_of, is_loopback
from converter.image.registry.retry import Sleep
from converter.image.registry.settings import Location, Rule, rule_for


@dataclass(frozen=True, slots=True)
class Route:
    """One place: where it is reached, and what the repository is called there."""

    endpoint: Endpoint
    repository: str

    def settled(self, sleep: Sleep = time.sleep) -> Route:
        """With the scheme that the endpoint speaks: see `connection.settled`."""
        return replace(self, endpoint=settled(self.endpoint, sleep))


def pull_routes(reference: Reference) -> list[Route]:
    """Where to look for an image, in this order. Errors: UsageError (settings), SourceError (blocked)."""
    name = f"{reference.registry}/{reference.repository}"
    rule = rule_for(name)
    if rule is None:
        return [_route(Location(reference.registry), reference.repository, str(reference))]
    _refuse_blocked(rule, reference)
    kind = "digest-only" if reference.digest else "tag-only"
    rest = rule.rest(name)
    mirrors = [_route(each, rest, rule.file) for each in rule.mirrors if each.when in ("all", kind)]
    return [*mirrors, _upstream(rule, reference)]


def push_route(reference: Reference) -> Route:
    """Where to push an image: never to a mirror. Errors: as `pull_routes`."""
    rule = rule_for(f"{reference.registry}/{reference.repository}")
    if rule is None:
        return _route(Location(reference.registry), reference.repository, str(reference))
    _refuse_blocked(rule, reference)
    return _upstream(rule, reference)


def _refuse_blocked(rule: Rule, reference: Reference) -> None:
    if rule.blocked:
        raise SourceError(
            f"{rule.prefix} is blocked", where=str(reference), hint=f"{rule.file} says so; change it there"
        )


def _upstream(rule: Rule, reference: Reference) -> Route:
    if not rule.location.place:
        there = replace(rule.location, place=reference.registry)
        return _route(there, reference.repository, rule.file)
    rest = rule.rest(f"{reference.registry}/{reference.repository}")
    return _route(rule.location, rest, rule.file)


def endpoint_of(registry: str) -> Endpoint:
    """The registry itself, not what serves a namespace of it. Errors: UsageError (settings)."""
    rule = rule_for(registry)
    location = rule.location if rule is not None else Location("")
    return _endpoint(replace(location, place=location.place or registry), registry)


def _route(location: Location, rest: str, where: str) -> Route:
    """The place `location`, and the repository `rest` below it."""
    namespace = location.place.rpartition("://")[2].partition("/")[2]
    repository = f"{namespace}/{rest}".strip("/")
    if not repository:
        raise UsageError(f"{location.place!r} names no repository", where=where, hint="add one there")
    return Route(_endpoint(location, where), repository)


def _endpoint(location: Location, where: str) -> Endpoint:
    scheme, separator, place = location.place.rpartition("://")
    host = place.partition("/")[0]
    if not is_host(host) or (separator and scheme not in ("http", "https")):
        raise UsageError(
            f"{location.place!r} is no place for it", where=where, hint="write HOST[:PORT][/NAMESPACE] there"
        )
    registry = canonical(host)
    authorities = (*location.authorities, *authorities_for(registry))
    identity = location.identity or identity_for(registry)
    if not scheme:
        unsaid = location.insecure is None and not authorities and identity is None
        scheme = "http" if unsaid and is_loopback(host) else "https"
    base = f"{scheme}://{host_of(registry)}"
    return Endpoint(base, registry, bool(location.insecure), authorities, identity)
