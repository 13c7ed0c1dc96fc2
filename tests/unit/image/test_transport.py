"""Requests that send something: bodies sent again, tokens for pushing, credentials that stay at home."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from converter.errors import SourceError
from converter.image.credentials.lookup import Search
from converter.image.credentials.model import Credential
from converter.image.registry.challenge import challenges, chosen
from converter.image.registry.endpoint import plain_endpoint
from converter.image.registry.transport import Transport
from tests.unit.image.registry_server import Reply, Server, serving

ALICE = Credential("alice", "s3cret", origin="a test")
BASIC = "Basic " + base64.b64encode(b"alice:s3cret").decode()
UPLOAD = "/v2/app/blobs/uploads/1"


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as found:
        yield found


@pytest.fixture
def other() -> Iterator[Server]:
    with serving() as found:
        yield found


def transport(server: Server, credential: Credential | None = ALICE, **options: object) -> Transport:
    endpoint = plain_endpoint(server.host)
    return Transport(endpoint, lambda _: None, lookup=lambda _: Search(credential), **options)  # type: ignore[arg-type]


def bearer(server: Server, scope: str = "repository:app:pull,push", realm: str = "") -> Reply:
    where = realm or f"http://{server.host}/token"
    says = f'Bearer realm="{where}",service="registry",scope="{scope}",error="invalid_token"'
    return Reply(b"", 401, {"WWW-Authenticate": says})


def tokens(server: Server) -> list[str]:
    return [path for path, _ in server.seen if path.startswith("/token")]


def test_a_stream_is_sent_again_from_where_it_stood(server: Server) -> None:
    server.says(UPLOAD, Reply(b"", 503), bearer(server), Reply(b"", 500), Reply(b"", 202))
    server.says("/token", Reply(b'{"token": "abc"}'))
    body = io.BytesIO(b"headBODY")
    body.seek(4)
    with transport(server).request("PATCH", UPLOAD, "app", body=body, expected=(202,)) as reply:
        assert reply.status_code == 202
    assert server.sent == [("PATCH", UPLOAD, b"BODY")] * 4
    lengths = [headers["content-length"] for path, headers in server.seen if path == UPLOAD]
    assert lengths == ["4"] * 4


def test_what_may_not_be_sent_twice_is_sent_once(server: Server) -> None:
    server.says(UPLOAD, Reply(b"", 503), Reply(b"", 202))
    with pytest.raises(SourceError, match="503"):
        transport(server).request("PATCH", UPLOAD, "app", body=b"x", expected=(202,), attempts=1)
    assert len(server.sent) == 1


def test_an_absent_blob_can_be_an_answer(server: Server) -> None:
    with transport(server).request("HEAD", "/v2/app/blobs/x", "app", expected=(200, 404)) as reply:
        assert reply.status_code == 404


def test_tokens_are_for_all_that_is_needed(server: Server) -> None:
    server.says("/token", Reply(b'{"token": "abc", "expires_in": 300}'))
    server.says(UPLOAD, bearer(server, "repository:app:pull"), Reply(b"", 201))
    sending = transport(server, scopes=("repository:app:pull,push", "repository:base:pull"))
    sending.request("PUT", UPLOAD, "app", body=b"x", expected=(201,)).close()
    assert tokens(server) == [
        "/token?service=registry&scope=repository%3Aapp%3Apull%2Cpush"
        "&scope=repository%3Abase%3Apull&scope=repository%3Aapp%3Apull"
    ]
    sent = [headers.get("authorization") for _, headers in server.seen]
    assert sent == [None, BASIC, "Bearer abc"]


def test_a_token_that_expired_is_fetched_again_once(server: Server) -> None:
    server.says("/token", Reply(b'{"token": "one", "expires_in": 300}'), Reply(b'{"token": "two"}'))
    server.says(UPLOAD, bearer(server), Reply(b"", 202), bearer(server), Reply(b"", 202), bearer(server))
    sending = transport(server)
    for _ in range(2):
        sending.request("PATCH", UPLOAD, "app", body=b"x", expected=(202,)).close()
    assert len(tokens(server)) == 2
    with pytest.raises(SourceError, match="'alice' is not allowed this"):
        sending.request("PATCH", UPLOAD, "app", body=b"x", expected=(202,))
    assert len(tokens(server)) == 3


def test_a_token_near_its_end_is_replaced_before_it_is_sent(server: Server) -> None:
    server.says("/token", Reply(b'{"token": "one", "expires_in": 3}'), Reply(b'{"token": "two"}'))
    server.says(UPLOAD, bearer(server), Reply(b"", 202))
    transport(server).request("PATCH", UPLOAD, "app", body=b"x", expected=(202,)).close()
    sent = [headers.get("authorization") for path, headers in server.seen if path == UPLOAD]
    assert sent == [None, "Bearer two"]


def test_identity_tokens_are_posted(server: Server) -> None:
    server.says("/token", Reply(b'{"access_token": "abc"}'))
    server.says(UPLOAD, bearer(server), Reply(b"", 202))
    identity = Credential(identity_token="refresh me", origin="a test")
    transport(server, identity).request("PUT", UPLOAD, "app", expected=(202,)).close()
    form = b"grant_type=refresh_token&service=registry&client_id=u2k"
    form += b"&scope=repository%3Aapp%3Apull%2Cpush&refresh_token=refresh+me"
    assert ("POST", "/token", form) in server.sent


def test_an_identity_token_does_not_follow_a_redirect(server: Server, other: Server) -> None:
    server.says("/token", Reply(b"", 307, {"Location": f"http://{other.host}/token"}))
    server.says(UPLOAD, bearer(server))
    with pytest.raises(SourceError):
        transport(server, Credential(identity_token="secret")).request("PUT", UPLOAD, "app")
    assert other.seen == []


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_credentials_stay_with_their_host(server: Server, other: Server, method: str) -> None:
    server.says(UPLOAD, Reply(b"", 401, {"WWW-Authenticate": 'Basic realm="x"'}), Reply(b"", 200))
    sending = transport(server)
    sending.request(method, UPLOAD, "app").close()
    server.says(UPLOAD, Reply(b"", 307, {"Location": f"http://{other.host}/elsewhere"}))
    other.says("/elsewhere", Reply(b"", 307, {"Location": f"http://{server.host}/back"}))
    server.says("/back", Reply(b"ok"))
    with sending.request(method, UPLOAD, "app", body=b"x" if method == "PUT" else None) as reply:
        assert reply.content == b"ok"
    assert [headers.get("authorization") for _, headers in other.seen] == [None]
    assert server.seen[-2][1]["authorization"] == server.seen[-1][1]["authorization"] == BASIC
    # A place that the registry names gets none either, and is not given any when it asks.
    other.says("/upload", Reply(b"", 401, {"WWW-Authenticate": 'Basic realm="x"'}))
    with pytest.raises(SourceError):
        sending.request(method, f"http://{other.host}/upload", "app")
    assert [headers.get("authorization") for _, headers in other.seen] == [None, None]


def test_another_host_cannot_ask_for_the_login(server: Server, other: Server) -> None:
    server.says("/v2/", Reply(b"", 307, {"Location": f"http://{other.host}/v2/"}))
    for asks in (bearer(other), Reply(b"", 401, {"WWW-Authenticate": 'Basic realm="x"'})):
        other.says("/v2/", asks)
        with pytest.raises(SourceError, match=f"{other.host} answered 401"):
            transport(server).get("/v2/", "app")
    assert tokens(other) == []
    assert [headers.get("authorization") for _, headers in other.seen] == [None, None]


def test_basic_to_a_token_server_that_leads_elsewhere(server: Server, other: Server) -> None:
    server.says("/token", Reply(b"", 302, {"Location": f"http://{other.host}/token"}))
    other.says("/token", Reply(b'{"token": "abc"}'))
    server.says(UPLOAD, bearer(server), Reply(b""))
    transport(server).request("PUT", UPLOAD, "app").close()
    assert [headers.get("authorization") for _, headers in other.seen] == [None]


def test_no_login_goes_to_a_token_server_without_tls(server: Server) -> None:
    server.says(UPLOAD, bearer(server, realm="http://192.0.2.1/token"))
    with pytest.raises(SourceError, match=r"192\.0\.2\.1, has no TLS"):
        transport(server).request("PUT", UPLOAD, "app")


def test_wrong_passwords(server: Server) -> None:
    basic = Reply(b"", 401, {"WWW-Authenticate": 'Basic realm="x"'})
    server.says("/v2/", basic)
    with pytest.raises(SourceError, match="wrong user name or password") as caught:
        transport(server).request("GET", "/v2/", "app")
    assert f"u2k login {server.host}" in (caught.value.hint or "")
    server.says("/token", Reply(b'{"details": "incorrect s3cret"}', 401))
    server.says("/v2/", bearer(server))
    with pytest.raises(SourceError, match="wrong user name or password") as caught:
        transport(server).request("GET", "/v2/", "app")
    assert "s3cret" not in f"{caught.value} {caught.value.hint}"
    assert server.count("/v2/") == 3, "a wrong password is not tried again"


def test_a_right_password_without_rights(server: Server) -> None:
    basic = Reply(b"", 401, {"WWW-Authenticate": 'Basic realm="x"'})
    server.says("/v2/", basic, Reply(b"", 403))
    with pytest.raises(SourceError, match="the login 'alice' is not allowed this"):
        transport(server).request("GET", "/v2/", "app")


def test_a_registry_token_is_sent_as_it_is(server: Server) -> None:
    server.says("/v2/", bearer(server), Reply(b""), bearer(server))
    sending = transport(server, Credential(registry_token="access", origin="a test"))
    sending.request("GET", "/v2/", "app").close()
    assert server.seen[-1][1]["authorization"] == "Bearer access"
    with pytest.raises(SourceError, match="wrong token, or it has expired"):
        sending.request("GET", "/v2/", "app")
    assert tokens(server) == []


def test_endless_redirects_end(server: Server) -> None:
    server.says("/v2/", Reply(b"", 302, {"Location": "/v2/"}))
    with pytest.raises(SourceError, match="led to another place 10 times"):
        transport(server).get("/v2/", "app")


@pytest.mark.parametrize("place", ["http://[", "http://h:99999/", "ftp://h/", "http://h:x/"])
def test_places_that_are_none(server: Server, place: str) -> None:
    """As Location of an upload, and of a redirect."""
    with pytest.raises(SourceError, match="names a place that is none"):
        transport(server).request("PUT", place, "app", body=b"x")
    server.says("/v2/", Reply(b"", 302, {"Location": place}))
    with pytest.raises(SourceError, match="led to a place that is none"):
        transport(server).get("/v2/", "app")


@pytest.mark.parametrize(
    ("header", "found"),
    [
        (
            'Bearer realm="https://a/b?c=d,e",scope=s',
            [("bearer", {"realm": "https://a/b?c=d,e", "scope": "s"})],
        ),
        ('Basic realm="a \\"b\\""', [("basic", {"realm": 'a "b"'})]),
        ("Negotiate, Basic Realm=x", [("negotiate", {}), ("basic", {"realm": "x"})]),
        ("BASIC realm=x, Bearer realm=y", [("basic", {"realm": "x"}), ("bearer", {"realm": "y"})]),
        ("", []),
        (",,= ,", []),
    ],
)
def test_challenges(header: str, found: list[tuple[str, dict[str, str]]]) -> None:
    assert [(each.scheme, each.parameters) for each in challenges(header)] == found


def test_a_quote_that_does_not_end() -> None:
    asked = chosen('Bearer realm="open')
    assert asked is not None and "realm" not in asked.parameters


@given(st.text(alphabet='Bearr  ,="\\xé\x00', max_size=300))
def test_senseless_challenges_end(header: str) -> None:
    chosen(header)
    chosen("Bearer " + header * 100)
