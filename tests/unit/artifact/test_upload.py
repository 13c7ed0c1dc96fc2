"""Pushing over a registry whose every answer is written here: mounts, uploads that fail, referrers."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator

import pytest

from converter.artifact.media import IN_TOTO, manifest_of
from converter.artifact.referrers import attach, push_referrer
from converter.errors import SourceError
from converter.image.registry.endpoint import plain_endpoint
from converter.image.registry.route import Route
from converter.image.registry.upload import Upload
from converter.image.stored import described, digest_of
from tests.unit.image.registry_server import Reply, Server, serving

DATA = b"some bytes"
DIGEST = f"sha256:{hashlib.sha256(DATA).hexdigest()}"
START = "/v2/app/blobs/uploads/"


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as found:
        yield found


def upload(server: Server) -> Upload:
    return Upload(Route(plain_endpoint(server.host), "app"), sleep=lambda _: None)


def begun(place: str) -> Reply:
    return Reply(b"", 202, {"Location": place})


def send(server: Server) -> None:
    upload(server).blob(DIGEST, len(DATA), lambda: io.BytesIO(DATA), "app")


@pytest.mark.parametrize("place", ["/up/1", "/up/1?state=x%2Fy", "http://HOST/up/1"])
def test_a_blob_goes_where_the_registry_says(server: Server, place: str) -> None:
    server.says(START, begun(place.replace("HOST", server.host)))
    server.says("/up/1", Reply(b"", 201))
    send(server)
    method, path, body = server.sent[-1]
    assert (method, body) == ("PUT", DATA)
    assert path.endswith(("?" if "?" not in place else "&") + f"digest={DIGEST.replace(':', '%3A')}")


def test_an_upload_that_was_cut_is_begun_anew(server: Server) -> None:
    server.says(START, begun("/up/1"), begun("/up/2"))
    server.says("/up/1", Reply(b"x" * 100, 201, cut=0))
    server.says("/up/2", Reply(b"", 201))
    # The answer to the first is cut off in its head: nobody can know what the registry has got.
    server.script["/up/1"] = [_Hangup()]
    send(server)
    assert [(method, path.partition("?")[0]) for method, path, _ in server.sent] == [
        ("POST", START),
        ("PUT", "/up/1"),
        ("POST", START),
        ("PUT", "/up/2"),
    ]


class _Hangup(Reply):
    """Closes the connection in place of an answer."""

    @property
    def headers(self) -> dict[str, str]:  # type: ignore[override]
        raise ConnectionResetError

    @headers.setter
    def headers(self, value: object) -> None:
        return


@pytest.mark.parametrize(
    ("status", "said"), [(400, "400"), (403, "login"), (413, "413"), (507, "507")], ids=str
)
def test_what_the_registry_does_not_take(server: Server, status: int, said: str) -> None:
    server.says(START, begun("/up/1"))
    server.says("/up/1", Reply(b'{"errors":[{"message":"no"}]}', status))
    with pytest.raises(SourceError, match=said):
        send(server)
    assert server.count("/up/1") == 1


def test_an_upload_without_a_place(server: Server) -> None:
    server.says(START, Reply(b"", 202))
    with pytest.raises(SourceError, match="does not say where"):
        send(server)


def test_mounting(server: Server) -> None:
    server.says(START, Reply(b"", 201))
    assert upload(server).mount(DIGEST, "other/app", "app")
    assert server.seen[-1][0] == f"{START}?mount={DIGEST.replace(':', '%3A')}&from=other%2Fapp"


def test_what_is_not_mounted_is_not_left_half_uploaded(server: Server) -> None:
    server.says(START, begun("/up/9"))
    server.says("/up/9", Reply(b"", 204))
    assert not upload(server).mount(DIGEST, "other", "app")
    assert server.sent[-1][:2] == ("DELETE", "/up/9")


def test_whether_it_is_there(server: Server) -> None:
    server.says(f"/v2/app/blobs/{DIGEST}", Reply(DATA))
    assert upload(server).has_blob(DIGEST, "app")
    assert not upload(server).has_manifest(DIGEST, "app")


def test_a_registry_that_stores_something_else(server: Server) -> None:
    server.says("/v2/app/manifests/1", Reply(b"", 201, {"Docker-Content-Digest": f"sha256:{'0' * 64}"}))
    with pytest.raises(SourceError, match="wrong digest"):
        upload(server).put_manifest("1", "application/json", b"{}", "app")


SUBJECT = described("application/vnd.oci.image.manifest.v1+json", b"the image")
TAG = SUBJECT["digest"].replace(":", "-")
MADE = manifest_of(IN_TOTO, {}, [], {}, SUBJECT)


def test_a_registry_that_lists_referrers_itself(server: Server) -> None:
    """distribution-spec: it answers OCI-Subject then; no tag is needed."""
    server.says(f"/v2/app/manifests/{MADE.digest}", Reply(b"", 201, {"OCI-Subject": SUBJECT["digest"]}))
    push_referrer(upload(server), MADE, IN_TOTO, SUBJECT, {}, "app")
    assert server.count(TAG) == 0


def test_one_that_does_not_has_them_in_a_tag(server: Server) -> None:
    other = manifest_of("application/x", {}, [], {}, SUBJECT)
    before = b'{"schemaVersion":2,"manifests":[%s]}' % _json(other.descriptor())
    server.says(f"/v2/app/manifests/{MADE.digest}", Reply(b"", 201))
    kind = {"Content-Type": "application/vnd.oci.image.index.v1+json"}
    server.says(f"/v2/app/manifests/{TAG}", Reply(before, 200, kind), Reply(b"", 201))
    push_referrer(upload(server), MADE, IN_TOTO, SUBJECT, {"a": "b"}, "app")
    method, _, body = server.sent[-1]
    import json

    listed = {each["digest"]: each for each in json.loads(body)["manifests"]}
    assert method == "PUT" and set(listed) == {other.digest, MADE.digest}
    assert (listed[MADE.digest]["artifactType"], listed[MADE.digest]["annotations"]) == (IN_TOTO, {"a": "b"})


def test_a_tag_of_somebody_else_is_not_overwritten(server: Server) -> None:
    server.says(f"/v2/app/manifests/{MADE.digest}", Reply(b"", 201))
    kind = {"Content-Type": "application/vnd.oci.image.manifest.v1+json"}
    server.says(f"/v2/app/manifests/{TAG}", Reply(b"{}", 200, kind))
    with pytest.raises(SourceError, match="taken by something else"):
        push_referrer(upload(server), MADE, IN_TOTO, SUBJECT, {}, "app")


def test_attaching_sends_the_empty_configuration_and_the_document(server: Server) -> None:
    """OCI image-spec, manifest.md, "Guidance for an Empty Descriptor"."""
    empty = f"/v2/app/blobs/{digest_of(b'{}')}"
    server.says(empty, Reply(b"{}"))
    server.says(START, begun("/up/1"))
    server.says("/up/1", Reply(b"", 201))
    made = manifest_of(
        IN_TOTO,
        described("application/vnd.oci.empty.v1+json", b"{}"),
        [described(IN_TOTO, DATA)],
        {},
        SUBJECT,
    )
    server.says(f"/v2/app/manifests/{made.digest}", Reply(b"", 201, {"OCI-Subject": SUBJECT["digest"]}))
    assert attach(upload(server), IN_TOTO, DATA, SUBJECT, {}, "app") == made


def _json(value: object) -> bytes:
    import json

    return json.dumps(value).encode()
