"""What registries do wrong, and what is asked of them: each failure written out by a scripted server."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from converter.errors import IncompatibleImageError, SourceError, U2kError
from converter.image import BlobCache, FileTree, Image, Platform, Silent, file_tree, open_image
from converter.image.reference import parse_registry_name
from converter.image.registry.endpoint import is_loopback, plain_endpoint
from converter.image.registry.pull import open_from_registry
from tests.builders import oci
from tests.unit.image.registry_server import Reply, Server, serving

LAYER = oci.layer(oci.file("a", os.urandom(600_000)))
BLOBS, MANIFEST = oci.image([LAYER])
STORED = oci.compressed(LAYER, "gzip")
BLOB = f"/v2/app/blobs/{oci.digest(STORED)}"
TOP = "/v2/app/manifests/latest"


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as found:
        found.serves("app", BLOBS, MANIFEST)
        yield found


class Client:
    def __init__(self, server: Server, cache: BlobCache) -> None:
        self.server, self.cache = server, cache
        self.waits: list[float] = []

    def image(self, name: str = "app", platform: str = "linux/amd64") -> Image:
        reference = parse_registry_name(f"{self.server.host}/{name}")
        return open_from_registry(
            reference, Platform.parse(platform), self.cache, Silent(), self.waits.append
        )

    def tree(self, name: str = "app") -> FileTree:
        return file_tree(self.image(name), self.cache)


@pytest.fixture
def client(server: Server, cache: BlobCache) -> Client:
    return Client(server, cache)


def refused(client: Client, kind: type[U2kError], says: str, name: str = "app") -> U2kError:
    with pytest.raises(kind, match=says) as caught:
        client.tree(name)
    assert caught.value.where
    assert caught.value.hint
    assert not [path for path in (client.cache.root / "layers").rglob("*") if path.is_file()]
    return caught.value


def test_an_image_and_then_from_the_cache(client: Client, server: Server) -> None:
    assert list(client.tree()) == [b"/", b"/a"]
    asked = len(server.seen)
    assert asked == 3
    assert list(client.tree()) == [b"/", b"/a"]
    assert server.seen[asked:][0][0] == TOP, "a tag may have moved"
    assert len(server.seen) == asked + 1, "all else has a digest"
    assert server.sent == [("HEAD", TOP, b"")], "which is no pull in Docker Hub's eyes"
    assert client.image(f"app@{oci.digest(MANIFEST)}").digest == oci.digest(MANIFEST)
    assert len(server.seen) == asked + 1
    headers = server.seen[0][1]
    assert "application/vnd.oci.image.index.v1+json" in headers["accept"]
    assert headers["accept-encoding"] == "identity"
    assert headers["user-agent"].startswith("u2k/")


def test_a_tag_that_has_moved(client: Client, server: Server) -> None:
    client.image()
    blobs, moved = oci.image([oci.layer(oci.file("b"))])
    server.serves("app", blobs, moved)
    assert list(client.tree()) == [b"/", b"/b"]
    assert client.image().digest == oci.digest(moved)
    server.says(TOP, Reply(moved))
    assert client.image().digest == oci.digest(moved), (
        "a registry that does not say the digest is asked for all"
    )
    server.says(TOP, Reply(b"", 404))
    with pytest.raises(SourceError, match="not found"):
        client.image()


def test_a_damaged_cache_is_no_answer(client: Client, server: Server) -> None:
    client.image()
    client.cache.blob_path(oci.digest(MANIFEST)).write_bytes(b"damaged")
    assert list(client.tree()) == [b"/", b"/a"]
    for path in (client.cache.root / "tags").iterdir():
        path.write_bytes(b"\xff" * 500)
    assert list(client.tree()) == [b"/", b"/a"]


def test_nested_indexes_and_attestations(client: Client, server: Server) -> None:
    inner = oci.index(
        oci.descriptor(b"x", oci.MANIFEST, platform=oci.platform_of("unknown/unknown")),
        oci.descriptor(MANIFEST, oci.MANIFEST, platform=oci.platform_of("linux/amd64")),
    )
    outer = oci.index(oci.descriptor(inner, oci.INDEX))
    server.serves("app", {**BLOBS, oci.digest(inner): inner}, outer)
    assert list(client.tree()) == [b"/", b"/a"]
    with pytest.raises(IncompatibleImageError, match="there is: linux/amd64"):
        client.image(platform="linux/arm64")


def test_an_index_of_itself_ends(client: Client, server: Server) -> None:
    # A digest cannot contain itself, so the nesting is as deep as somebody cares to build it.
    blobs, top = dict(BLOBS), MANIFEST
    for _ in range(8):
        blobs[oci.digest(top)] = top
        top = oci.index(oci.descriptor(top, oci.INDEX))
    server.serves("app", blobs, top)
    refused(client, SourceError, "nested too deep")


def test_unknown_host(cache: BlobCache) -> None:
    with pytest.raises(SourceError, match=r"unknown host nosuch\.invalid") as caught:
        open_image("nosuch.invalid/app", cache=cache, source="registry")
    assert caught.value.exit_code == 4
    assert caught.value.hint


def test_refused_connection(client: Client) -> None:
    client.server.host = "127.0.0.1:1"
    refused(client, SourceError, "connection refused by 127.0.0.1:1")
    assert client.waits == []


def test_no_such_tag(client: Client, server: Server) -> None:
    refused(client, SourceError, "app:nope: not found", "app:nope")
    assert (client.waits, server.count("nope")) == ([], 1)


def test_wrong_digest(client: Client, server: Server) -> None:
    server.says(BLOB, Reply(STORED[:5000] + b"X" + STORED[5001:]))
    assert refused(client, SourceError, "wrong digest").exit_code == 4
    assert not client.cache.blob_path(oci.digest(STORED)).exists()


def test_wrong_digest_of_documents(client: Client, server: Server) -> None:
    server.says(f"/v2/app/manifests/{oci.digest(MANIFEST)}", Reply(MANIFEST + b" "))
    refused(client, SourceError, "wrong digest", f"app@{oci.digest(MANIFEST)}")
    config = f"/v2/app/blobs/{oci.digest(oci.config([LAYER]))}"
    good = server.script[config]
    server.says(config, Reply(oci.config([LAYER]).replace(b"linux", b"lunix")))
    refused(client, SourceError, "wrong digest")
    server.script[config] = good
    server.says(TOP, Reply(MANIFEST, headers={"Docker-Content-Digest": oci.digest(b"other")}))
    refused(client, SourceError, "wrong digest")


def test_a_cut_connection_is_taken_up_where_it_broke(client: Client, server: Server) -> None:
    server.says(
        BLOB,
        Reply(STORED, cut=100_000, ranges=True),
        Reply(STORED, cut=200_000, ranges=True),
        Reply(STORED, ranges=True),
    )
    assert list(client.tree()) == [b"/", b"/a"]
    ranges = [headers.get("range") for path, headers in server.seen if path == BLOB]
    assert ranges[0] is None
    assert ranges[1] == "bytes=100000-"
    assert ranges[2] == "bytes=300000-"
    assert client.waits == [0.5, 0.5]


def test_a_cut_connection_to_a_server_without_ranges(client: Client, server: Server) -> None:
    server.says(BLOB, Reply(STORED, cut=100_000), Reply(STORED))
    assert list(client.tree()) == [b"/", b"/a"]


def test_a_truncated_blob(client: Client, server: Server) -> None:
    server.says(BLOB, Reply(STORED[:1000]))
    refused(client, SourceError, "truncated")
    assert client.waits == [0.5, 1.0, 2.0, 4.0]
    assert server.count("/blobs/") == 6, "the configuration, and five attempts"


def test_a_blob_that_is_too_long(client: Client, server: Server) -> None:
    server.says(BLOB, Reply(STORED + b"more"))
    refused(client, SourceError, "too long")


def test_cut_documents_are_asked_for_again(client: Client, server: Server) -> None:
    server.says(TOP, Reply(MANIFEST, cut=10), Reply(MANIFEST))
    assert list(client.tree()) == [b"/", b"/a"]
    server.says(TOP, Reply(MANIFEST, cut=10))
    refused_by = pytest.raises(SourceError, match="truncated")
    with refused_by:
        client.image()


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_busy_servers_get_time(client: Client, server: Server, status: int) -> None:
    server.says(
        TOP,
        Reply(b"", status, {"Retry-After": "7"}),
        Reply(b"", status),
        Reply(b"", status, {"Retry-After": "soon"}),
        Reply(MANIFEST),
    )
    server.says(BLOB, Reply(b"", status, {"Retry-After": "100000"}), Reply(STORED))
    assert list(client.tree()) == [b"/", b"/a"]
    assert client.waits == [7.0, 1.0, 2.0, 60.0]


def test_retry_after_may_be_a_date(client: Client, server: Server) -> None:
    past = {"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}
    server.says(TOP, Reply(b"", 503, past), Reply(MANIFEST))
    client.image()
    assert client.waits == [0.0]


def test_patience_ends(client: Client, server: Server) -> None:
    server.says(TOP, Reply(b'{"errors":[{"message":"slow down"}]}', 429))
    error = refused(client, SourceError, r"429 Too Many Requests \(slow down\)")
    assert "wait" in (error.hint or "")
    assert server.count("manifests") == 5
    server.says(TOP, Reply(b"<html>", 418))
    refused(client, SourceError, "418")
    assert server.count("manifests") == 6, "what is no accident is not tried again"


def test_schema_1(client: Client, server: Server) -> None:
    kind = {"Content-Type": "application/vnd.docker.distribution.manifest.v1+prettyjws"}
    for reply in (Reply(b'{"schemaVersion": 1, "name": "app"}'), Reply(b"{}", headers=kind)):
        server.says(TOP, reply)
        assert refused(client, IncompatibleImageError, "schema 1").exit_code == 3


def test_windows(client: Client, server: Server) -> None:
    blobs, manifest = oci.image([LAYER], platform="windows/amd64")
    server.serves("app", blobs, manifest)
    refused(client, IncompatibleImageError, "windows image")
    listed = oci.descriptor(manifest, oci.MANIFEST, platform=oci.platform_of("windows/amd64"))
    server.serves("app", blobs, oci.index(listed))
    refused(client, IncompatibleImageError, "Windows image")


def test_endless_documents(client: Client, server: Server) -> None:
    server.says(TOP, Reply(b" " * (5 << 20)))
    refused(client, SourceError, "more than 4194304 bytes")


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b"{", b"\xff", b'"x"', b'{"config":1}', b"{}"])
def test_senseless_manifests(client: Client, server: Server, body: bytes) -> None:
    server.says(TOP, Reply(body))
    refused(client, SourceError, "not JSON|expected|without a size|no digest")


def challenge(server: Server) -> Reply:
    says = f'Bearer realm="http://{server.host}/token",service="registry",scope="repository:app:pull"'
    return Reply(b"", 401, {"WWW-Authenticate": says})


def test_anonymous_tokens(
    client: Client, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login alice password s3cret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    server.says("/token", Reply(b'{"token": "abc"}'))
    server.says(TOP, challenge(server), Reply(MANIFEST))
    server.says(BLOB, challenge(server), Reply(STORED))
    assert list(client.tree()) == [b"/", b"/a"]
    tokens = [path for path, _ in server.seen if path.startswith("/token")]
    assert tokens == ["/token?service=registry&scope=repository%3Aapp%3Apull"] * 2
    sent = [headers.get("authorization") for path, headers in server.seen if not path.startswith("/token")]
    assert sent == [None, *["Bearer abc"] * 4]
    assert all("authorization" not in headers for path, headers in server.seen if path.startswith("/token"))


@pytest.mark.parametrize(
    "token",
    [Reply(b"{}"), Reply(b"[]"), Reply(b'{"token":"a\\nb"}'), Reply(b"", 403), Reply(b"x" * (2 << 20))],
)
def test_tokens_that_do_not_come(client: Client, server: Server, token: Reply) -> None:
    server.says("/token", token)
    server.says(TOP, challenge(server))
    refused(client, SourceError, "token|login|more than")


@pytest.mark.parametrize(
    "says",
    [
        "",
        "Basic realm=x",
        'Bearer realm="file:///etc/passwd"',
        'Bearer realm="http:"',
        'Bearer realm="http://["',
    ],
)
def test_a_login_that_is_wanted(client: Client, server: Server, says: str) -> None:
    server.says(TOP, Reply(b"", 401, {"WWW-Authenticate": says}))
    error = refused(client, SourceError, "wants a login, or there is no such image")
    assert error.exit_code == 4
    assert server.count("manifests") == 1


def test_a_token_that_does_not_help(client: Client, server: Server) -> None:
    server.says("/token", Reply(b'{"token": "abc"}'))
    server.says(TOP, challenge(server))
    refused(client, SourceError, "wants a login")
    assert server.count("manifests") == 2


def test_plain_http_only_to_this_machine() -> None:
    for host in ("localhost", "localhost:5000", "127.0.0.1:1", "[::1]:5000", "app.localhost"):
        assert is_loopback(host)
        assert plain_endpoint(host).base == f"http://{host}"
    for host in ("example.com", "10.0.0.1:5000", "localhost.example.com", "127.example.com"):
        assert plain_endpoint(host).base == f"https://{host}"
