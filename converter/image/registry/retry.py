"""When to try again, and after how long."""

from __future__ import annotations

import email.utils
import logging
import time
from collections.abc import Callable

import requests

_LOG = logging.getLogger("u2k")
ATTEMPTS = 5
_BACK_OFF = 0.5  # seconds before the second attempt; doubled for each further one
_LONGEST_WAIT = 60.0  # seconds; of what Retry-After may ask for
_PASSING = {429, 500, 502, 503, 504}

Sleep = Callable[[float], None]


def may_pass(reply: requests.Response) -> bool:
    """Whether the same request may do better in a moment; a quota that is used up does not."""
    return reply.status_code in _PASSING and not is_used_up(reply)


def is_used_up(reply: requests.Response) -> bool:
    """Whether it says that none are left of a quota of requests, as Docker Hub's of pulls.

    docs.docker.com/docker-hub/usage/pulls: ``ratelimit-remaining: 0;w=21600`` (w: seconds).
    """
    left = reply.headers.get("RateLimit-Remaining", "").partition(";")[0].strip()
    return reply.status_code == 429 and left == "0"


def back_off(attempt: int, reply: requests.Response | None, where: str, sleep: Sleep) -> None:
    """Waits before another attempt: as long as the server asks for, else longer each time."""
    wait = retry_after(reply) if reply is not None else None
    if wait is None:
        wait = _BACK_OFF * 2 ** (attempt - 1)
    wait = min(wait, _LONGEST_WAIT)
    _LOG.info("%s: trying again in %.1f s", where, wait)
    sleep(wait)


def retry_after(reply: requests.Response) -> float | None:
    """Seconds that the server asks to wait (RFC 9110 10.2.3: seconds or a date); None: it does not."""
    said = reply.headers.get("Retry-After", "").strip()
    if not said:
        return None
    if said.isdecimal():
        return float(min(int(said[:9]), 10**6))
    try:
        return max(0.0, email.utils.parsedate_to_datetime(said).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return None
