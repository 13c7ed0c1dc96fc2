"""Checks of real servers, and docker's rules for when one is well."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from converter.runs.health.probe import probe
from converter.runs.health.recognise import recognised
from converter.runs.health.watch import HealthWatch, Schedule, after, schedule_of
from converter.runs.state import Health


class Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        good = self.path == "/good?x=1" and self.headers["Host"] == "localhost:80"
        self.send_response(200 if good else 404)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(b"all is well")

    do_HEAD = do_GET

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def server() -> Iterator[int]:
    with HTTPServer(("127.0.0.1", 0), Page) as found:
        threading.Thread(target=found.serve_forever, daemon=True).start()
        yield found.server_port
        found.shutdown()


@contextmanager
def answering(answer: bytes) -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            client, _ = listening.accept()
            with client:
                client.settimeout(0.1)
                with suppress(TimeoutError):
                    client.recv(100)
                client.sendall(answer)

        threading.Thread(target=serve, daemon=True).start()
        yield listening.getsockname()[1]


def ask(line: str, port: int, seconds: float = 5) -> str | None:
    return probe(recognised(["CMD-SHELL", line], {}), "127.0.0.1", port, seconds)


def test_http(server: int) -> None:
    assert ask("curl -f 'http://localhost:80/good?x=1'", server) is None
    assert ask("wget -q --spider 'http://localhost:80/good?x=1'", server) is None
    assert ask("curl -f http://localhost:80/bad", server) == "HTTP status 404"
    assert ask("wget -q http://localhost:80/bad", server) == "HTTP status 404"
    assert ask("curl http://localhost:80/bad", server) is None
    assert ask("curl -s 'http://localhost:80/good?x=1' | grep well", server) is None
    assert ask("curl -s 'http://localhost:80/good?x=1' | grep ill", server) == "the answer lacks 'ill'"
    assert ask("nc -z localhost 80", server) is None
    assert "SSL" in str(ask("curl -kf https://localhost/", server))


@pytest.mark.parametrize(
    ("line", "answer", "wrong"),
    [
        ("redis-cli ping", b"+PONG\r\n", None),
        ("redis-cli ping", b"-NOAUTH Authentication required.\r\n", None),
        ("redis-cli ping | grep PONG", b"-NOAUTH\r\n", "it answers"),
        ("redis-cli ping", b"HTTP/1.1 400\r\n", "it answers"),
        ("redis-cli ping", b"", "without an answer"),
        ("pg_isready", b"R\0\0\0\x08\0\0\0\0", None),
        ("pg_isready", b"E\0\0\0\x20SFATAL\0C28000\0", None),
        ("pg_isready", b"E\0\0\0\x20SFATAL\0C57P03\0", "it answers"),
        ("mysqladmin ping", b"J\0\0\0\n8.0.30\0", None),
    ],
)
def test_exchanges(line: str, answer: bytes, wrong: str | None) -> None:
    with answering(answer) as port:
        said = ask(line, port)
    assert said is None if wrong is None else said is not None and wrong in said


def test_nobody_there_and_nobody_answers() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        assert ask("curl -f http://localhost/", port, 0.05) == "no answer in 0.05 s"
        assert ask("redis-cli ping", port, 0.05) == "no answer in 0.05 s"
    assert "refused" in str(ask("nc -z localhost 80", port))


def test_failures_count_when_the_start_period_is_over() -> None:
    schedule = Schedule(start_period=10, retries=2)
    early = after(Health("starting"), "no", 5, schedule)
    assert early == Health("starting", 0, "no")
    late = after(early, "no", 11, schedule)
    assert late == Health("starting", 1, "no")
    assert after(late, "no", 12, schedule).status == "unhealthy"
    assert after(late, None, 12, schedule) == Health("healthy")
    once_well = after(Health("healthy"), "no", 5, schedule)
    assert once_well == Health("healthy", 1, "no")
    assert after(once_well, "no", 6, schedule) == Health("unhealthy", 2, "no")
    assert after(Health("unhealthy", 9, "no"), None, 6, schedule) == Health("healthy")


def test_schedules() -> None:
    assert schedule_of({}) == schedule_of({"interval": 0, "retries": None}) == Schedule(30, 30, 0, 5, 3)
    assert schedule_of({"interval": 2_000_000_000, "retries": 7}) == Schedule(interval=2, retries=7)


def test_a_watch_tells_changes_and_stops(server: int) -> None:
    check = recognised(["CMD-SHELL", "curl -f 'http://localhost:80/good?x=1'"], {})
    told: list[Health] = []
    well = threading.Event()

    def tell(health: Health) -> None:
        told.append(health)
        if health.status == "healthy":
            well.set()

    watch = HealthWatch(check, "127.0.0.1", server, Schedule(interval=0.01))
    watch.start(tell)
    assert well.wait(10)
    watch.stop()
    assert told == [Health("starting"), Health("healthy")]
