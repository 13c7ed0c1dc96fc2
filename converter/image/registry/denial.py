"""Errors for what a registry, or its token server, denies."""

from __future__ import annotations

import re

import requests

from converter.errors import SourceError
from converter.image.credentials.lookup import Search
from converter.image.credentials.model import Credential
from converter.image.registry.reply import message
from converter.image.registry.retry import is_used_up, retry_after


def denied(where: str, registry: str, found: Search) -> SourceError:
    """The registry does not let us in: 401 or 403. `found`: where a login for it was looked for."""
    credential = found.credential
    if credential is None:
        return SourceError(
            "the registry wants a login, or there is no such image",
            where=where,
            hint="; ".join(
                (f"check the name; for a private image: u2k login {registry}", *found.problems[:2])
            ),
        )
    who = f" {credential.username!r}" if credential.username else ""
    return SourceError(
        f"the login{who} is not allowed this, or there is no such image",
        where=where,
        hint=f"check the name; the login is from {credential.origin}; for another one: u2k login {registry}"
        if credential.origin
        else "check which rights it has",
    )


def wrong_login(where: str, registry: str, credential: Credential) -> SourceError:
    """What was sent as a login is not accepted."""
    sent = "token" if credential.identity_token or credential.registry_token else "user name or password"
    return SourceError(
        f"{registry} does not accept the login: wrong {sent}, or it has expired",
        where=where,
        hint=f"the login is from {credential.origin}; log in again: u2k login {registry}"
        if credential.origin
        else "check them, and for which registry they are",
    )


def refused(reply: requests.Response, host: str, registry: str, where: str) -> SourceError:
    """The error for an unwelcome status that is not about a login; closes the reply."""
    with reply:
        if reply.status_code == 404:
            return SourceError(f"not found in {host}", where=where, hint="check the image's name and its tag")
        status = f"{reply.status_code} {reply.reason or ''}".rstrip()
        said = f"{host} answered {status}{message(reply)}"
        if reply.status_code == 429:
            limit = quota(reply)
            said += f"; its limit: {limit}" if limit else ""
            return SourceError(said, where=where, hint=_when(reply, registry))
        hint = "try again later" if reply.status_code >= 500 else "the registry does not allow this request"
        return SourceError(said, where=where, hint=hint)


def quota(reply: requests.Response) -> str | None:
    """``100 requests in 6 h, 12 left``, where the registry says so (``100;w=21600``); else None."""
    limit = re.match(r"(\d{1,9})(?:;w=(\d{1,9}))?", reply.headers.get("RateLimit-Limit", ""))
    left = re.match(r"\d{1,9}", reply.headers.get("RateLimit-Remaining", ""))
    parts = []
    if limit:
        parts.append(f"{limit[1]} requests" + (f" in {duration(float(limit[2]))}" if limit[2] else ""))
    if left:
        parts.append(f"{'none' if int(left[0]) == 0 else left[0]} left")
    return ", ".join(parts) or None


def _when(reply: requests.Response, registry: str) -> str:
    wait = retry_after(reply)
    when = f"wait {duration(wait)}" if wait else "too many requests: wait a while"
    if is_used_up(reply):
        when += (
            f"; a login may have a larger limit (u2k login {registry}), a mirror has none (registries.toml)"
        )
    return when


def duration(seconds: float) -> str:
    """``90 s``, ``6 h``: in the largest unit that leaves no rest worth saying."""
    for unit, size in (("h", 3600), ("min", 60)):
        if seconds >= 2 * size or (seconds >= size and seconds % size == 0):
            return f"{round(seconds / size)} {unit}"
    return f"{round(seconds)} s"
