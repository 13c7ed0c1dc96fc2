"""A token server for docker-registry: distribution's docs/spec/auth/token.md, and oauth.md beside it.

Tokens are JSON Web Tokens (RFC 7519) signed by openssl (RFC 7515, ES256), so no library is needed.
"""

from __future__ import annotations

import base64
import json
import subprocess
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from tests.builders.certificates import Certificates

USER, PASSWORD, IDENTITY = "alice", "s3cret", "identity-of-alice"
SERVICE = ISSUER = "tests"
PRIVATE = "private/"  # repositories that nobody may pull without a login


@dataclass
class TokenServer:
    """realm: its URL. Each request is noted: method, Authorization, and the query or form.

    ages: seconds by which the next tokens are older than they are said to be, one a token; then none is
    """

    realm: str
    certificates: Certificates
    seen: list[tuple[str, str, dict[str, list[str]]]] = field(default_factory=list)
    ages: list[int] = field(default_factory=list)

    def token(self, asked: dict[str, list[str]], known: bool) -> str:
        """What is asked for, as far as it is allowed."""
        access = []
        for scope in " ".join(asked.get("scope", [])).split():
            kind, _, rest = scope.partition(":")
            name, _, actions = rest.rpartition(":")
            public = not name.startswith(PRIVATE)
            allowed = [each for each in actions.split(",") if known or (public and each == "pull")]
            access.append({"type": kind, "name": name, "actions": allowed})
        now = int(time.time()) - (self.ages.pop(0) if self.ages else 0)
        claims = {"iss": ISSUER, "aud": SERVICE, "sub": USER if known else "", "jti": uuid.uuid4().hex}
        times = {"iat": now, "nbf": now - 10, "exp": now + 300}
        return self._signed({**claims, **times, "access": access})

    def _signed(self, claims: dict[str, object]) -> str:
        pem = self.certificates.certificate.read_text().splitlines()
        chain = ["".join(line for line in pem if not line.startswith("-"))]
        header = {"typ": "JWT", "alg": "ES256", "x5c": chain}
        text = ".".join(_base64url(json.dumps(part).encode()) for part in (header, claims))
        command = ["openssl", "dgst", "-sha256", "-sign", str(self.certificates.key)]
        signature = subprocess.run(command, input=text.encode(), capture_output=True, check=True).stdout
        return f"{text}.{_base64url(_raw(signature))}"


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _raw(signature: bytes) -> bytes:
    """ECDSA's two numbers, 32 bytes each (RFC 7518 3.4), out of the DER sequence that openssl writes."""
    numbers, at = b"", 2
    for _ in range(2):
        size = signature[at + 1]
        number = int.from_bytes(signature[at + 2 : at + 2 + size], "big")
        numbers += number.to_bytes(32, "big")
        at += 2 + size
    return numbers


@contextmanager
def token_server(certificates: Certificates) -> Iterator[TokenServer]:
    """On loopback, for as long as the block takes. Anybody may pull but what is private; alice may do all."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = parse_qs(urlsplit(self.path).query)
            given = self.headers.get("Authorization", "")
            server.seen.append(("GET", given, asked))
            right = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
            if given and given != right:
                self.answer(401, {"details": "incorrect username or password"})
                return
            self.answer(200, {"token": server.token(asked, bool(given)), "expires_in": 300})

        def do_POST(self) -> None:
            asked = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            server.seen.append(("POST", self.headers.get("Authorization", ""), asked))
            if asked.get("grant_type") != ["refresh_token"] or asked.get("refresh_token") != [IDENTITY]:
                self.answer(400, {"error": "invalid_grant"})
                return
            self.answer(200, {"access_token": server.token(asked, True), "expires_in": 300})

        def answer(self, status: int, value: object) -> None:
            body = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    listener = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server = TokenServer(f"http://127.0.0.1:{listener.server_port}/token", certificates)
    thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        listener.shutdown()
        thread.join()
        listener.server_close()
