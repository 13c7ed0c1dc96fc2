"""Where images are looked for: mirrors, other locations, whom to trust; as the files of users say."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from converter.errors import SourceError, UsageError
from converter.image import BlobCache, Silent, file_tree
from converter.image.platform import Platform
from converter.image.reference import parse_registry_name
from converter.image.registry.connection import settled
from converter.image.registry.pull import open_from_registry
from converter.image.registry.route import Route, endpoint_of, pull_routes, push_route
from tests.builders import oci
from tests.unit.image.registry_server import Reply, Server, serving


@pytest.fixture(autouse=True)
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Our file; what this machine has is not read."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("CONTAINERS_REGISTRIES_CONF", str(tmp_path / "podman.conf"))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    path = tmp_path / "config/u2k/registries.toml"
    path.parent.mkdir(parents=True)
    return path


def places(name: str) -> list[str]:
    return [f"{route.endpoint.base}/{route.repository}" for route in pull_routes(parse_registry_name(name))]


def only(name: str) -> Route:
    (route,) = pull_routes(parse_registry_name(name))
    return route


def test_without_settings() -> None:
    assert places("redis:7") == ["https://registry-1.docker.io/library/redis"]
    assert places("localhost:5000/app") == ["http://localhost:5000/app"]
    assert places("reg.example/a/b") == ["https://reg.example/a/b"]
    assert only("redis").endpoint.registry == "docker.io", "by which logins are looked up"


def test_mirrors_come_first(settings: Path) -> None:
    settings.write_text("""
        [[registry]]
        prefix = "docker.io"
        [[registry.mirror]]
        location = "localhost:5000"
        [[registry.mirror]]
        location = "mirror.example/hub"
        [[registry.mirror]]
        location = "http://old.example:81"
        pull-from-mirror = "digest-only"
    """)
    first, second = "http://localhost:5000/library/redis", "https://mirror.example/hub/library/redis"
    upstream = "https://registry-1.docker.io/library/redis"
    assert places("redis:7") == [first, second, upstream]
    by_digest = f"redis@sha256:{'0' * 64}"
    assert places(by_digest) == [first, second, "http://old.example:81/library/redis", upstream]
    assert push_route(parse_registry_name("redis")).endpoint.host == "registry-1.docker.io"
    assert places("ghcr.io/a/b") == ["https://ghcr.io/a/b"]
    routes = pull_routes(parse_registry_name("redis"))
    assert [route.endpoint.registry for route in routes] == ["localhost:5000", "mirror.example", "docker.io"]


def test_the_longest_prefix_counts_and_our_file_before_podmans(settings: Path, tmp_path: Path) -> None:
    settings.write_text("""
        [[registry]]
        location = "reg.example"
        insecure = true
        [[registry]]
        prefix = "reg.example/team"
        location = "other.example:8443/moved"
        [[registry]]
        prefix = "*.cloud.example"
        [[registry.mirror]]
        location = "localhost:1/cloud"
    """)
    (tmp_path / "podman.conf").write_text("""
        unqualified-search-registries = ["docker.io"]
        [[registry]]
        prefix = "reg.example"
        blocked = true
        [[registry]]
        prefix = "reg.example/team/secret"
        blocked = true
    """)
    assert places("reg.example/teams/app") == ["https://reg.example/teams/app"]
    assert only("reg.example/teams/app").endpoint.insecure
    assert places("reg.example/team/app") == ["https://other.example:8443/moved/app"]
    assert places("eu.cloud.example/x")[0] == "http://localhost:1/cloud/x"
    assert places("cloud.example/x") == ["https://cloud.example/x"]
    with pytest.raises(SourceError, match="blocked") as caught:
        places("reg.example/team/secret")
    assert "podman.conf" in (caught.value.hint or "")


def test_the_variable_names_another_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('[[registry]]\nlocation = "a.example"\nca = "ca.crt"\n')
    monkeypatch.setenv("U2K_REGISTRIES", str(path))
    assert only("a.example/x").endpoint.authorities == (tmp_path / "ca.crt",)
    monkeypatch.setenv("U2K_REGISTRIES", str(tmp_path / "none"))
    with pytest.raises(UsageError, match="no such file"):
        places("redis")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[[registry", "no TOML"),
        ("registry = 1", "no list of tables"),
        ("[[registry]]\n", "neither prefix nor location"),
        ('[[registry]]\nlocation = "docker.io"\ninsecure = "yes"', "neither true nor false"),
        ('[[registry]]\nlocation = "docker.io"\n[[registry.mirror]]\ninsecure = true', "has no location"),
        ('[[registry]]\nprefix = "*.x.io"\nlocation = "y.io"', "cannot have one location"),
        ('[[registry]]\nlocation = "docker.io"\nclient-key = "k"', "go together"),
        ('[[registry]]\nlocation = "docker.io"\n[[registry.mirror]]\nlocation = "ftp://x"', "no place"),
        ('[[registry]]\nlocation = "docker.io"\n[[registry.mirror]]\nlocation = "a b"', "no place"),
        ('[[registry]]\nlocation = "x"\n[[registry.mirror]]\nlocation="y"\npull-from-mirror="no"', "none of"),
    ],
)
def test_files_that_make_no_sense(settings: Path, text: str, says: str) -> None:
    settings.write_text(text)
    with pytest.raises(UsageError, match=says) as caught:
        places("redis")
    assert str(settings) in str(caught.value)
    assert caught.value.hint


def test_certificates_of_docker_and_podman_are_found(tmp_path: Path) -> None:
    folder = tmp_path / "config/containers/certs.d/localhost:5000"
    folder.mkdir(parents=True)
    for name in ("ca.crt", "me.cert", "me.key", "other.cert"):
        (folder / name).touch()
    endpoint = only("localhost:5000/app").endpoint
    assert endpoint.base == "https://localhost:5000", "who has certificates for it means TLS"
    assert endpoint.authorities == (folder / "ca.crt",)
    assert endpoint.identity == (folder / "me.cert", folder / "me.key")


LAYER = oci.layer(oci.file("a", b"x" * 1000))
BLOBS, MANIFEST = oci.image([LAYER])
BLOB = f"/v2/app/blobs/{oci.digest(oci.compressed(LAYER, 'gzip'))}"


@pytest.fixture
def mirrored(settings: Path) -> Iterator[tuple[Server, Server]]:
    """Mirror and registry, both with the image."""
    with serving() as mirror, serving() as registry:
        for server in (mirror, registry):
            server.serves("app", BLOBS, MANIFEST)
        settings.write_text(
            f'[[registry]]\nlocation = "{registry.host}"\n[[registry.mirror]]\nlocation = "{mirror.host}"\n'
        )
        yield mirror, registry


def paths(registry: Server, cache: BlobCache) -> list[bytes]:
    reference = parse_registry_name(f"{registry.host}/app")
    image = open_from_registry(reference, Platform(), cache, Silent(), lambda _: None)
    return list(file_tree(image, cache))


def test_a_mirror_saves_the_registry_all_work(mirrored: tuple[Server, Server], cache: BlobCache) -> None:
    mirror, registry = mirrored
    assert paths(registry, cache) == [b"/", b"/a"]
    assert (len(mirror.seen), len(registry.seen)) == (3, 0)


@pytest.mark.parametrize(
    "trouble", [Reply(b"", 404), Reply(b"", 503), Reply(b"", 401), Reply(b"x" * 500), Reply(b"x", cut=0)]
)
@pytest.mark.parametrize("what", ["/v2/app/manifests/latest", BLOB])
def test_what_a_mirror_lacks_comes_from_the_registry(
    mirrored: tuple[Server, Server], cache: BlobCache, trouble: Reply, what: str
) -> None:
    mirror, registry = mirrored
    mirror.says(what, trouble)
    if what != BLOB and trouble.status == 200 and trouble.cut is None:
        trouble.headers = {"Docker-Content-Digest": oci.digest(b"other")}
    assert paths(registry, cache) == [b"/", b"/a"]
    assert registry.count(what) == 1
    if trouble.status == 503:
        assert mirror.count(what) == 2, "there is another place to go to"


def test_insecure_is_tls_or_not(settings: Path) -> None:
    with serving() as server:
        settings.write_text(f'[[registry]]\nlocation = "{server.host}"\ninsecure = true\n')
        endpoint = only(f"{server.host}/app").endpoint
        assert endpoint.base == endpoint_of(server.host).base == f"https://{server.host}"
        assert settled(endpoint, lambda _: None).base == f"http://{server.host}"
