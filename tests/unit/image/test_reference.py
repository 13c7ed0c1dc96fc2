"""Docker's names and the forms for local files."""

from __future__ import annotations

from pathlib import Path

import pytest

from converter.errors import UsageError
from converter.image.reference import DaemonReference, LocalReference, Reference, parse

DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("text", "whole", "familiar"),
    [
        ("redis", "docker.io/library/redis:latest", "redis:latest"),
        ("redis:7", "docker.io/library/redis:7", "redis:7"),
        ("bitnami/redis:7.2-debian", "docker.io/bitnami/redis:7.2-debian", "bitnami/redis:7.2-debian"),
        ("index.docker.io/library/redis", "docker.io/library/redis:latest", "redis:latest"),
        ("docker.io/redis", "docker.io/library/redis:latest", "redis:latest"),
        ("localhost/app", "localhost/app:latest", "localhost/app:latest"),
        ("localhost:5000/app:1", "localhost:5000/app:1", "localhost:5000/app:1"),
        ("127.0.0.1:5000/a/b/c", "127.0.0.1:5000/a/b/c:latest", "127.0.0.1:5000/a/b/c:latest"),
        ("[::1]:5000/app", "[::1]:5000/app:latest", "[::1]:5000/app:latest"),
        ("ghcr.io/owner/app", "ghcr.io/owner/app:latest", "ghcr.io/owner/app:latest"),
        (f"redis@{DIGEST}", f"docker.io/library/redis@{DIGEST}", f"redis@{DIGEST}"),
        (f"redis:7@{DIGEST}", f"docker.io/library/redis:7@{DIGEST}", f"redis:7@{DIGEST}"),
        ("docker://quay.io/a/b", "quay.io/a/b:latest", "quay.io/a/b:latest"),
        ("a__b--c/d.e", "docker.io/a__b--c/d.e:latest", "a__b--c/d.e:latest"),
    ],
)
def test_registry_names(text: str, whole: str, familiar: str) -> None:
    found = parse(text)
    assert isinstance(found, Reference)
    assert (str(found), found.familiar) == (whole, familiar)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("Redis", "lower case"),
        ("redis:", "tag"),
        ("redis:-x", "tag"),
        ("redis:" + "x" * 129, "tag"),
        ("redis@sha256:abc", "digest"),
        (f"redis@{DIGEST.upper()}", "digest"),
        ("", "repository name"),
        ("a//b", "repository name"),
        ("a/../b", "repository name"),
        ("-a", "repository name"),
        ("host:99999/app", "host"),
        ("ho_st.com/app", "host"),
        ("redis 7", "repository name"),
        ("a/" * 130 + "b", "255 characters"),
        ("http://localhost:5000/app", "URL"),
        ("oci:/nowhere/at/all", "no such file"),
        ("docker-archive:", "path is missing"),
        ("docker-daemon:", "name is missing"),
        ("./nowhere.tar", "no such file"),
        ("bad\0name", "repository name"),
    ],
)
def test_what_is_wrong_is_said(text: str, says: str) -> None:
    with pytest.raises(UsageError, match=says) as caught:
        parse(text)
    assert caught.value.hint


def test_local_forms(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = tmp_path / "app.oci.tar"
    archive.touch()
    (tmp_path / "with:colon").touch()
    monkeypatch.chdir(tmp_path)
    assert parse("app.oci.tar") == LocalReference(Path("app.oci.tar"))
    assert parse(str(archive)) == LocalReference(archive)
    assert parse(f"oci-archive:{archive}:v1") == LocalReference(archive, "v1")
    assert parse("oci:.") == LocalReference(Path())
    assert parse("oci:with:colon") == LocalReference(Path("with:colon"))
    assert parse("docker-archive:app.oci.tar:a/b:1") == LocalReference(Path("app.oci.tar"), "a/b:1")
    assert parse("docker-daemon:redis:7") == DaemonReference("redis:7")


def test_short_names(tmp_path: Path) -> None:
    archive = tmp_path / "app.oci.tar.gz"
    archive.touch()
    assert parse(str(archive)).short_name == "app"
    assert parse("ghcr.io/owner/redis:7").short_name == "redis-7"
    assert parse("redis").short_name == "redis"
    assert parse("docker-daemon:redis:7").short_name == "redis-7"
