"""As much of an engine as saving one image takes, for tests of how engines are reached."""

from __future__ import annotations

import contextlib
import json
import socketserver
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import unquote

from tests.builders import oci
from tests.builders.certificates import Certificates

LAYER = oci.layer(oci.file("a", b"from the engine"))
SAVED = oci.tar_of(oci.docker_save([LAYER], tags=["app:latest"]))


class _Engine(BaseHTTPRequestHandler):
    """The calls of the Engine API that saving an image takes."""

    def do_GET(self) -> None:
        path = unquote(self.path).partition("?")[0]
        if path.endswith("/version"):
            self.answer(200, json.dumps({"ApiVersion": "1.44", "MinAPIVersion": "1.24"}).encode())
        elif path.endswith("/json") and "app" in path:
            about = {"Id": "sha256:1", "Os": "linux", "Architecture": "amd64", "RepoTags": ["app:latest"]}
            self.answer(200, json.dumps(about).encode())
        elif path.endswith("/get") and "app" in path:
            self.answer(200, SAVED, "application/x-tar")
        else:
            self.answer(404, b'{"message":"No such image"}')

    def answer(self, status: int, body: bytes, kind: str = "application/json") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def address_string(self) -> str:
        return "a client"

    def log_message(self, *args: object) -> None:
        pass


class _Unix(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True


class _Tcp(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        pass  # clients without a certificate


@contextlib.contextmanager
def engine_at(path: Path) -> Iterator[str]:
    """At a Unix socket; gives its URL."""
    with _served(_Unix(str(path), _Engine)):
        yield f"unix://{path}"


@contextlib.contextmanager
def engine_with_tls(certificates: Certificates) -> Iterator[str]:
    """On loopback, for clients that show a certificate of the authority; gives its URL."""
    listener = _Tcp(("127.0.0.1", 0), _Engine)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.certificate, certificates.key)
    context.load_verify_locations(certificates.authority)
    context.verify_mode = ssl.CERT_REQUIRED
    listener.socket = context.wrap_socket(listener.socket, server_side=True)
    with _served(listener):
        yield f"tcp://127.0.0.1:{listener.server_address[1]}"


@contextlib.contextmanager
def _served(listener: socketserver.BaseServer) -> Iterator[None]:
    thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield
    finally:
        listener.shutdown()
        thread.join()
        listener.server_close()
