"""HEALTHCHECKs as images have them, and what the host makes of them."""

from __future__ import annotations

from typing import Any

import pytest

from converter.runs.health.command import NotSimpleError
from converter.runs.health.recognise import Check, recognised

ENV = {"PORT": "9000", "EMPTY": ""}


def shell(line: str) -> Check:
    return recognised(["CMD-SHELL", line], ENV)


@pytest.mark.parametrize(
    ("line", "port", "more"),
    [
        ("curl -f http://localhost/ || exit 1", 80, {"strict": True}),
        ("curl --fail --silent http://127.0.0.1:8080/health || exit 1", 8080, {"strict": True}),
        ("curl -fsS localhost:3000 >/dev/null 2>&1 || exit 1", 3000, {"url": "http://localhost:3000"}),
        ("curl -so /dev/null -w '%{http_code}' http://localhost:1/", 1, {"strict": False}),
        ("curl -I -f https://localhost -k", 443, {"method": "HEAD", "insecure": True}),
        ("curl -fH 'Host: a b' http://[::1]:80/x?y=z || false", 80, {"headers": ("Host: a b",)}),
        ("curl -f http://localhost:$PORT/", 9000, {}),
        ("curl -f http://localhost:${EMPTY:-81}/", 81, {}),
        ("wget -q --spider http://localhost:80/ || exit 1", 80, {"method": "HEAD", "strict": True}),
        ("wget --no-verbose --tries=1 --spider http://localhost:8080/", 8080, {}),
        ("wget -qO- http://127.0.0.1:9200/_cluster/health", 9200, {"method": "GET"}),
        ("wget -nv -t1 -T 3 -O /dev/null localhost:8080/ping || exit 1;", 8080, {}),
        ("busybox wget -q -O - http://0.0.0.0:81 &> /dev/null || exit 1", 81, {}),
        ("curl -s http://localhost/ | grep -q ok || exit 1", 80, {"wanted": "ok"}),
        ("nc -z localhost 5432 || exit 1", 5432, {"kind": "connect"}),
        ("nc -zvw3 127.0.0.1 6379", 6379, {"kind": "connect"}),
        ("redis-cli ping", 6379, {"kind": "exchange", "send": b"PING\r\n"}),
        (
            "redis-cli -h localhost -p 7000 -a secret --no-auth-warning PING | grep PONG",
            7000,
            {"wanted": "PONG"},
        ),
        ("pg_isready -U postgres -d db || exit 1", 5432, {"kind": "exchange"}),
        ("mysqladmin ping -h localhost -u root -psecret", 3306, {}),
        ("/usr/bin/curl -f http://localhost/", 80, {}),
    ],
)
def test_known_checks(line: str, port: int, more: dict[str, Any]) -> None:
    found = shell(line)
    assert found.port == port
    assert {name: getattr(found, name) for name in more} == more


def test_words_instead_of_a_line() -> None:
    assert recognised(["CMD", "curl", "-f", "http://localhost:5/a b"], {}).port == 5
    assert recognised(["CMD", "sh", "-c", "nc -z localhost 80 || exit 1"], {}).kind == "connect"
    assert recognised(["CMD", "/bin/redis-cli", "ping"], {}).port == 6379


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("/healthcheck.sh", "healthcheck.sh would have to run"),
        ("curl -f http://localhost/ && test -f /tmp/x", "shell script"),
        ("if curl localhost; then exit 0; fi", "shell script"),
        ("curl -f http://db:80/", "another host"),
        ("curl -f http://localhost:$UNSET/", "UNSET is not known"),
        ("curl -f http://localhost:$(cat port)/", "shell script"),
        ("curl -f http://localhost:99999/", "no port"),
        ("curl -f ftp://localhost/", "neither http nor https"),
        ("curl -f http://localhost/ http://localhost/b", "one URL"),
        ("curl -f --data x http://localhost/", "option --data"),
        ("curl -fX POST http://localhost/", "option -fX"),
        ("curl -m", "option -m"),
        ("curl 'http://localhost", "quotes"),
        ("curl -s localhost | grep 'a.*b'", "pattern"),
        ("curl -s localhost | jq .x", "shell script"),
        ("nc localhost 80", "without -z"),
        ("nc -z localhost", "one host and one port"),
        ("redis-cli get x", "something else"),
        ("", "shell script"),
    ],
)
def test_what_is_not_known_says_why(line: str, why: str) -> None:
    with pytest.raises(NotSimpleError, match=why):
        shell(line)


def test_unknown_kinds() -> None:
    for test in (["CMD"], ["CMD-SHELL"], ["EXEC", "x"]):
        with pytest.raises(NotSimpleError):
            recognised(test, {})
