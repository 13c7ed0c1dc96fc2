"""A registry whose every answer a test writes: a script of replies a path, served on loopback."""

from __future__ import annotations

import contextlib
import hashlib
import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Reply:
    """`cut`: bytes of the body after which the connection breaks; None: all are sent."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: int | None = None
    ranges: bool = False  # whether Range is understood


@dataclass
class Server:
    host: str
    script: dict[str, list[Reply]] = field(default_factory=lambda: defaultdict(list))
    seen: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    sent: list[tuple[str, str, bytes]] = field(default_factory=list)  # method, path, body of what is no GET

    def says(self, path: str, *replies: Reply) -> None:
        """The replies to `path`, whatever the method, in order; the last one is repeated."""
        self.script[path] = list(replies)

    def serves(
        self, repository: str, blobs: Mapping[str, bytes], manifest: bytes, tag: str = "latest"
    ) -> None:
        """An image, without any trouble."""
        digest = {"Docker-Content-Digest": f"sha256:{hashlib.sha256(manifest).hexdigest()}"}
        self.says(f"/v2/{repository}/manifests/{tag}", Reply(manifest, headers=digest))
        for digest, data in blobs.items():
            self.says(f"/v2/{repository}/blobs/{digest}", Reply(data, ranges=True))
            self.says(f"/v2/{repository}/manifests/{digest}", Reply(data))

    def count(self, part: str) -> int:
        return sum(part in path for path, _ in self.seen)


@contextlib.contextmanager
def serving() -> Iterator[Server]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            path = self.path.partition("?")[0]
            server.seen.append((self.path, {key.lower(): value for key, value in self.headers.items()}))
            if self.command != "GET":
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                server.sent.append((self.command, self.path, body))
            replies = server.script.get(path) or [Reply(b'{"errors":[{"message":"no such thing"}]}', 404)]
            reply = replies.pop(0) if len(replies) > 1 else replies[0]
            body, status = reply.body, reply.status
            start = self.headers.get("Range", "")
            if start and reply.ranges:
                body, status = body[int(start.removeprefix("bytes=").rstrip("-")) :], 206
            self.send_response(status)
            for key, value in reply.headers.items():
                self.send_header(key, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body if reply.cut is None else body[: reply.cut])
            if reply.cut is not None:
                self.close_connection = True

        do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any

        def log_message(self, *args: object) -> None:
            pass

    class Listener(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            pass  # clients that have seen enough hang up

    listener = Listener(("127.0.0.1", 0), Handler)
    server = Server(f"127.0.0.1:{listener.server_port}")
    thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        listener.shutdown()
        thread.join()
        listener.server_close()
