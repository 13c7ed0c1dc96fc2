"""From an image's name to the places that serve it: mirrors in their order, then the registry."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, replace

from converter.errors import SourceError, UsageError
from converter.image.reference import Reference, canonical, is_host
from converter.image.registry.certificates import authorities_for, identity_for
from converter.image.registry.connection import Connection
from converter.image.registry.endpoint import Endpoint, host_of, is_loopback
from converter.image.registry.retry import Sleep
from converter.image.registry.settings import Location, Rule, rule_for

_LOG = logging.getLogger("u2k")


@dataclass(frozen=True, slots=True)
class Route:
    """One place: where it is reached, and what the repository is called there.

    insecure: whether plain HTTP will do where the endpoint's TLS is not spoken
    """

    endpoint: Endpoint
    repository: str
    insecure: bool = False

    def settled(self, sleep: Sleep = time.sleep) -> Route:
        """With the scheme that the place speaks, which is tried out only where both are allowed."""
        if not self.insecure or not self.endpoint.base.startswith("https:"):
            return self
        try:
            Connection(self.endpoint, sleep).request(
                "GET", f"{self.endpoint.base}/v2/", "", attempts=1
            ).close()
        except SourceError as error:
            _LOG.info("%s: no TLS (%s), so plain HTTP, as insecure says", self.endpoint.host, error.what)
            return replace(self, endpoint=replace(self.endpoint, base=f"http://{self.endpoint.host}"))
        return self


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


def _route(location: Location, rest: str, where: str) -> Route:
    """The place `location`, and the repository `rest` below it."""
    scheme, separator, place = location.place.rpartition("://")
    host, _, namespace = place.partition("/")
    repository = f"{namespace}/{rest}".strip("/")
    if not is_host(host) or not repository or (separator and scheme not in ("http", "https")):
        raise UsageError(
            f"{location.place!r} is no place for it", where=where, hint="write HOST[:PORT][/NAMESPACE] there"
        )
    registry = canonical(host)
    authorities = (*location.authorities, *authorities_for(registry))
    identity = location.identity or identity_for(registry)
    if not scheme:
        unsaid = location.insecure is None and not authorities and identity is None
        scheme = "http" if unsaid and is_loopback(host) else "https"
    insecure = bool(location.insecure)
    base = f"{scheme}://{host_of(registry)}"
    return Route(Endpoint(base, registry, not insecure, authorities, identity), repository, insecure)
