"""Debian's docker-registry for tests: plain, with a password over TLS, or with tokens; each in a folder of
its own."""

from __future__ import annotations

import base64
import http.server
import json
import shutil
import socket
import subprocess
import threading
import time
import urllib.parse
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

USER, PASSWORD = "alice", "s3cret"
# htpasswd -nbBC 4 alice s3cret, so that the tests do not need the program
PASSWD = "alice:$2y$04$/FF0cI/feOOoGvJ/rySeb.C/jzicE5ojsvdEFQE0kKTRP6J6QJrMO\n"
KINDS = ("plain", "basic", "token")
missing = shutil.which("docker-registry") is None or shutil.which("openssl") is None


@dataclass(frozen=True)
class Registry:
    """`environment` is what a client needs in order to be let in: a login, and whom to trust."""

    host: str
    environment: Mapping[str, str] = field(default_factory=dict)
    authority: Path | None = None


@contextmanager
def running_registry(folder: Path, kind: str = "plain") -> Iterator[Registry]:
    """One of `KINDS`; it ends with the block. `token`: everybody may pull, `alice` push."""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    host = f"localhost:{port}" if kind == "basic" else f"127.0.0.1:{port}"
    http_part: dict[str, object] = {"addr": f"127.0.0.1:{port}"}
    settings: dict[str, object] = {
        "version": "0.1",
        "log": {"level": "warn"},
        "storage": {"filesystem": {"rootdirectory": str(folder / "data")}, "delete": {"enabled": True}},
        "http": http_part,
    }
    config = folder / "client"
    (config / "docker").mkdir(parents=True, exist_ok=True)
    environment = {"DOCKER_CONFIG": str(config / "docker"), "XDG_CONFIG_HOME": str(config)}
    login = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    (config / "docker/config.json").write_text(json.dumps({"auths": {host: {"auth": login}}}))
    server = None
    if kind != "plain":
        _certificate(folder)
    if kind == "basic":
        (folder / "htpasswd").write_text(PASSWD)
        settings["auth"] = {"htpasswd": {"realm": "test", "path": str(folder / "htpasswd")}}
        http_part["tls"] = {"certificate": str(folder / "ca.crt"), "key": str(folder / "key.pem")}
        trusted = config / "containers/certs.d" / host
        trusted.mkdir(parents=True)
        shutil.copyfile(folder / "ca.crt", trusted / "ca.crt")
    if kind == "token":
        server = _TokenServer(folder)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        settings["auth"] = {
            "token": {
                "realm": f"http://127.0.0.1:{server.server_address[1]}/token",
                "service": "test",
                "issuer": "test",
                "rootcertbundle": str(folder / "ca.crt"),
            }
        }
    (folder / "config.yml").write_text(json.dumps(settings))  # JSON is YAML
    with (folder / "log").open("wb") as log:
        command = ["docker-registry", "serve", str(folder / "config.yml")]
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        _wait(port, process, folder / "log")
        yield Registry(host, environment, folder / "ca.crt" if kind == "basic" else None)
    finally:
        process.kill()
        process.wait()
        if server is not None:
            server.shutdown()
            server.server_close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            assert process.poll() is None, log.read_text()
            time.sleep(0.1)
    raise AssertionError(log.read_text())


def _certificate(folder: Path) -> None:
    command = [
        *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", str(folder / "key.pem")),
        *("-out", str(folder / "ca.crt"), "-days", "2", "-subj", "/CN=localhost"),
        *("-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"),
    ]
    subprocess.run(command, check=True, capture_output=True)


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class _TokenServer(http.server.ThreadingHTTPServer):
    """distribution's docs/spec/auth/token.md; tokens are signed by openssl (RFC 7515, RS256)."""

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), _TokenRequest)
        self.key = folder / "key.pem"
        pem = (folder / "ca.crt").read_text().splitlines()
        self.chain = ["".join(line for line in pem if not line.startswith("-"))]

    def token(self, service: str, access: list[dict[str, object]], subject: str) -> str:
        now = int(time.time())
        head = {"typ": "JWT", "alg": "RS256", "x5c": self.chain}
        body = {
            **{"iss": "test", "sub": subject, "aud": service, "exp": now + 300, "nbf": now - 10, "iat": now},
            **{"jti": uuid.uuid4().hex, "access": access},
        }
        text = ".".join(_encoded(json.dumps(part).encode()) for part in (head, body))
        command = ["openssl", "dgst", "-sha256", "-sign", str(self.key)]
        signature = subprocess.run(command, input=text.encode(), capture_output=True, check=True).stdout
        return f"{text}.{_encoded(signature)}"


class _TokenRequest(http.server.BaseHTTPRequestHandler):
    server: _TokenServer

    def do_GET(self) -> None:
        query = urllib.parse.parse_qs(urllib.parse.urlparse(self.path).query)
        given = self.headers.get("Authorization", "").removeprefix("Basic ")
        who = base64.b64decode(given).decode() if given else ""
        if who not in ("", f"{USER}:{PASSWORD}"):
            self.send_error(401)
            return
        access: list[dict[str, object]] = []
        for scope in " ".join(query.get("scope", [])).split():
            kind, _, rest = scope.partition(":")
            name, _, actions = rest.rpartition(":")
            allowed = [each for each in actions.split(",") if who or each == "pull"]
            access.append({"type": kind, "name": name, "actions": allowed})
        token = self.server.token(query["service"][0], access, who.partition(":")[0])
        body = json.dumps({"token": token, "expires_in": 300}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        return
