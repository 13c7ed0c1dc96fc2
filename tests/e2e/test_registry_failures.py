"""What registries do wrong, as a user of `u2k` sees it: status 4, what is wrong, what to do."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from tests.builders import elves, oci
from tests.e2e.user import User
from tests.unit.image.registry_server import Reply, Server, serving

PROGRAM = oci.file("x", elves.elf(kind=elves.EXEC, dynamic=False), mode=0o755)
LAYER = oci.layer(PROGRAM, oci.file("data", Random(1).randbytes(300_000)))
BLOBS, MANIFEST = oci.image([LAYER], run={"Cmd": ["/x"]})
STORED = oci.compressed(LAYER, "gzip")
BLOB = f"/v2/app/blobs/{oci.digest(STORED)}"
TOP = "/v2/app/manifests/latest"
BASIC = "Basic " + base64.b64encode(b"alice:s3cret").decode()
LOGIN = {"username": "alice", "password": "s3cret"}
WANTS_PASSWORD = Reply(b"", 401, {"WWW-Authenticate": 'Basic realm="tests"'})
NOW = {"Retry-After": "0"}


@pytest.fixture
def user(tmp_path: Path) -> User:
    return User(tmp_path)


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as found:
        found.serves("app", BLOBS, MANIFEST)
        yield found


@pytest.fixture
def other() -> Iterator[Server]:
    """Another host, to which nobody has a login."""
    with serving() as found:
        yield found


def test_a_quota_that_is_used_up(server: Server, user: User) -> None:
    """As Docker Hub words it; waiting some seconds would not help, so nothing is asked twice."""
    told = b'{"errors":[{"code":"TOOMANYREQUESTS","message":"You have reached your pull rate limit."}]}'
    headers = {"RateLimit-Limit": "100;w=21600", "RateLimit-Remaining": "0;w=21600", "Retry-After": "7200"}
    server.says(TOP, Reply(told, 429, headers))
    user.fails(
        "inspect",
        f"{server.host}/app",
        says=(
            "429 Too Many Requests (You have reached your pull rate limit.)",
            "100 requests in 6 h, none left",
            "wait 2 h",
            f"u2k login {server.host}",
            "mirror",
        ),
    )
    assert server.count("manifests") == 1
    server.says(TOP, Reply(MANIFEST, headers={**headers, "RateLimit-Remaining": "99;w=21600"}))
    explained = user.succeeds("inspect", "-v", f"{server.host}/app").stderr
    assert f"u2k: {server.host}: 100 requests in 6 h, 99 left" in explained


def test_a_registry_that_is_busy_for_too_long(server: Server, user: User) -> None:
    server.says(TOP, Reply(b'{"errors":[{"message":"slow down"}]}', 429, NOW))
    user.fails("inspect", f"{server.host}/app", says=("429 Too Many Requests (slow down)", "wait a while"))
    assert server.count("manifests") == 5


@pytest.mark.parametrize("status", [500, 502, 503])
def test_server_errors(server: Server, user: User, status: int) -> None:
    server.says(TOP, Reply(b"", status, NOW), Reply(b"", status, NOW), Reply(MANIFEST))
    user.succeeds("inspect", f"{server.host}/app")
    server.says(BLOB, Reply(b"<html>oops</html>", status, NOW))
    user.forgets()
    user.fails("inspect", f"{server.host}/app", says=(f"answered {status}", "next: try again later"))
    assert server.count(BLOB) == 1 + 5


def test_cut_connections(server: Server, user: User) -> None:
    server.says(
        BLOB, *(Reply(STORED, cut=100_000, ranges=True) for _ in range(2)), Reply(STORED, ranges=True)
    )
    user.succeeds("inspect", f"{server.host}/app")
    ranges = [headers.get("range") for path, headers in server.seen if path == BLOB]
    assert ranges == [None, "bytes=100000-", "bytes=200000-"]
    user.forgets()
    server.says(BLOB, Reply(STORED, cut=0))
    user.fails("inspect", f"{server.host}/app", says=("truncated: the connection was cut",))


@pytest.mark.parametrize("what", [BLOB, TOP])
def test_wrong_digests(server: Server, user: User, what: str) -> None:
    if what == BLOB:
        server.says(BLOB, Reply(STORED[:5000] + bytes([STORED[5000] ^ 1]) + STORED[5001:]))
    else:
        server.says(TOP, Reply(MANIFEST, headers={"Docker-Content-Digest": oci.digest(b"other")}))
    user.fails("convert", f"{server.host}/app", "-o", "x.u2k", says=("wrong digest",))
    assert not (user.home / "x.u2k").exists()


@pytest.mark.parametrize("status", [302, 307])
def test_a_login_does_not_follow_to_another_host(
    server: Server, other: Server, user: User, status: int
) -> None:
    user.logins(auths={server.host: LOGIN})
    server.says(TOP, WANTS_PASSWORD, Reply(MANIFEST))
    server.says(BLOB, Reply(b"", status, {"Location": f"http://{other.host}/store?signature=abc"}))
    other.says("/store", Reply(STORED))
    user.succeeds("inspect", f"{server.host}/app")
    assert [headers["authorization"] for path, headers in server.seen if path == BLOB] == [BASIC]
    assert [headers.get("authorization") for _, headers in other.seen] == [None]
    # Not when it asks either; and what the address has as a signature is not shown.
    user.forgets()
    other.says("/store", WANTS_PASSWORD)
    said = user.fails("inspect", "-v", f"{server.host}/app", says=("401",))
    assert [headers.get("authorization") for _, headers in other.seen] == [None, None]
    assert "abc" not in said and "s3cret" not in said


def test_a_redirect_that_gives_up_tls_is_not_followed(server: Server, user: User) -> None:
    server.says(BLOB, Reply(b"", 302, {"Location": "http://192.0.2.1/store"}))
    user.fails("inspect", f"{server.host}/app", says=("from TLS to plain HTTP, at 192.0.2.1",))


def test_a_token_server_without_tls_gets_no_login(server: Server, user: User) -> None:
    user.logins(auths={server.host: LOGIN})
    says = 'Bearer realm="http://192.0.2.1/token",service="s",scope="repository:app:pull"'
    server.says(TOP, Reply(b"", 401, {"WWW-Authenticate": says}))
    user.fails("inspect", f"{server.host}/app", says=("192.0.2.1, has no TLS", "nothing was sent"))


def test_logins_are_for_one_port_of_a_host(server: Server, other: Server, user: User) -> None:
    user.logins(auths={other.host: LOGIN})
    server.says(TOP, WANTS_PASSWORD)
    user.fails("inspect", f"{server.host}/app", says=("wants a login",))
    assert all("authorization" not in headers for _, headers in server.seen)


def test_a_login_that_is_not_allowed_this(server: Server, user: User) -> None:
    user.logins(auths={server.host: LOGIN})
    says = f'Bearer realm="http://{server.host}/token",service="s",scope="repository:app:pull"'
    server.says("/token", Reply(b'{"token": "abc"}'))
    server.says(TOP, Reply(b"", 401, {"WWW-Authenticate": says}), Reply(b"", 403))
    user.fails(
        "inspect",
        f"{server.host}/app",
        says=("the login 'alice' is not allowed this", str(user.config), f"u2k login {server.host}"),
    )
