"""What a registry replied: its body, and what an unwelcome reply means for people."""

from __future__ import annotations

import json
import re

import requests

from converter.errors import SourceError

MAX_REPLY = 1 << 20  # bytes of a token or an error
CUT = (
    requests.exceptions.ChunkedEncodingError,
    requests.exceptions.ConnectionError,
    requests.exceptions.Timeout,
)


def read_reply(reply: requests.Response, limit: int, where: str) -> bytes:
    """The whole body. Errors: SourceError when it is longer than `limit` bytes; those of `CUT`."""
    data = bytearray()
    for piece in reply.iter_content(64 << 10):
        data += piece
        if len(data) > limit:
            raise SourceError(f"an answer of more than {limit} bytes", where=where, hint="try again later")
    return bytes(data)


def message(reply: requests.Response) -> str:
    """What the registry says is wrong (distribution-spec, "Error Codes"), in brackets, or nothing."""
    try:
        errors = json.loads(read_reply(reply, MAX_REPLY, ""))["errors"]
        return f" ({str(errors[0]['message'])[:200]})"
    except (SourceError, *CUT, ValueError, KeyError, IndexError, TypeError, RecursionError):
        return ""


def reason(error: BaseException) -> str:
    """The innermost message of an exception that libraries have wrapped several times.

    Without what may be secret in URLs: the user of a proxy, the signature of a storage service.
    """
    text = re.sub(r"<[^>]*>(?:: )?", "", str(error.args[0] if error.args else error))
    return re.sub(r"\?\S*", "?...", re.sub(r"//[^/@\s]*@", "//", text))[:300]


def unreachable(error: requests.exceptions.RequestException, host: str, where: str) -> SourceError:
    """The error for a connection that did not come to be, or broke."""
    text = reason(error)
    if isinstance(error, requests.exceptions.SSLError):
        if "WRONG_VERSION_NUMBER" in text.upper().replace(" ", "_"):
            return SourceError(
                f"{host} does not speak TLS",
                where=where,
                hint="if it is meant to speak plain HTTP, say insecure = true for it in registries.toml",
            )
        return SourceError(
            f"no trusted TLS connection to {host}: {text}",
            where=where,
            hint=f"put the certificate of its authority into /etc/docker/certs.d/{host}/ca.crt,"
            " or say ca= in registries.toml",
        )
    if isinstance(error, requests.exceptions.ProxyError):
        return SourceError(
            f"the proxy gives no connection to {host}: {text}",
            where=where,
            hint="check HTTPS_PROXY and HTTP_PROXY, or name the host in NO_PROXY",
        )
    if "resolve" in text or "Name or service" in text or "getaddrinfo" in text:
        return SourceError(f"unknown host {host}", where=where, hint="check the host's name and the network")
    if "refused" in text:
        return SourceError(
            f"connection refused by {host}",
            where=where,
            hint="check host and port, and that the registry runs",
        )
    return SourceError(f"no answer from {host}: {text}", where=where, hint="check the network and try again")


def is_final(error: requests.exceptions.RequestException) -> bool:
    """Whether trying again cannot help."""
    if isinstance(error, (requests.exceptions.SSLError, requests.exceptions.ProxyError)):
        return True
    text = reason(error)
    told = ("resolve", "Name or service", "getaddrinfo", "refused")
    return not isinstance(error, CUT) or any(word in text for word in told)
