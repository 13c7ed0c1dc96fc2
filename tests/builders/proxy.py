"""An HTTP proxy whose every request is noted: it leads all of them to one server, whatever host they name."""

from __future__ import annotations

import select
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit


@dataclass
class Proxy:
    """Its URL, and what it was asked: (method, target, Proxy-Authorization)."""

    url: str
    seen: list[tuple[str, str, str]] = field(default_factory=list)


@contextmanager
def proxy_to(host: str) -> Iterator[Proxy]:
    """Leads to `host`, HOST:PORT: tunnels of CONNECT (RFC 9110 9.3.6) and requests for whole URLs."""
    there = urlsplit(f"//{host}")

    class Handler(BaseHTTPRequestHandler):
        def note(self) -> None:
            proxy.seen.append((self.command, self.path, self.headers.get("Proxy-Authorization", "")))

        def do_CONNECT(self) -> None:
            self.note()
            with socket.create_connection((there.hostname, there.port)) as server:
                self.send_response(200)
                self.end_headers()
                pair = {self.connection: server, server: self.connection}
                while True:
                    for ready in select.select(list(pair), [], [])[0]:
                        data = ready.recv(65536)
                        if not data:
                            self.close_connection = True
                            return
                        pair[ready].sendall(data)

        def do_GET(self) -> None:
            self.note()
            parts = urlsplit(self.path)
            connection = HTTPConnection(there.hostname or "", there.port)
            headers = {key: value for key, value in self.headers.items() if not key.startswith("Proxy-")}
            connection.request(
                "GET", parts.path + (f"?{parts.query}" if parts.query else ""), headers=headers
            )
            reply = connection.getresponse()
            body = reply.read()
            self.send_response(reply.status)
            for key, value in reply.getheaders():
                if key.lower() not in ("content-length", "transfer-encoding", "connection"):
                    self.send_header(key, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            connection.close()

        def log_message(self, *args: object) -> None:
            pass

    listener = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    listener.daemon_threads = True
    proxy = Proxy(f"http://127.0.0.1:{listener.server_port}")
    thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield proxy
    finally:
        listener.shutdown()
        thread.join()
        listener.server_close()
