"""Where logins are found: docker's and podman's files, the environment, and credential helpers."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path

import pytest

from converter.errors import SourceError
from converter.image.credentials.helper import ask, erase, give
from converter.image.credentials.lookup import find_credential
from converter.image.credentials.model import Credential
from tests.builders.credential_helper import install_helper


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user who has nothing yet; what this machine has is not read."""
    for name in ("DOCKER_AUTH_CONFIG", "REGISTRY_AUTH_FILE", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))
    for folder in ("docker", "run/containers", ".config/containers", "bin", "store"):
        (tmp_path / folder).mkdir(parents=True)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    monkeypatch.setenv("U2K_TEST_STORE", str(tmp_path / "store"))
    return tmp_path


def auth(user: str, password: str = "pw") -> dict[str, str]:
    return {"auth": base64.b64encode(f"{user}:{password}".encode()).decode()}


def write(path: Path, **value: object) -> None:
    path.write_text(json.dumps(value))


def user(registry: str, repository: str = "") -> str | None:
    found = find_credential(registry, repository).credential
    return None if found is None else found.username


def test_nothing_is_no_login() -> None:
    assert find_credential("docker.io") == find_credential("reg.example")
    assert find_credential("docker.io").credential is None


@pytest.mark.parametrize(
    ("key", "registry"),
    [
        ("https://index.docker.io/v1/", "docker.io"),
        ("docker.io", "docker.io"),
        ("index.docker.io", "docker.io"),
        ("reg.example", "reg.example"),
        ("reg.example:5000", "reg.example:5000"),
        ("https://reg.example/v2/", "reg.example"),
        ("http://reg.example", "reg.example"),
    ],
)
def test_keys_of_docker_login(home: Path, key: str, registry: str) -> None:
    write(home / "docker/config.json", auths={key: auth("alice", "p:w")})
    found = find_credential(registry).credential
    assert found is not None
    assert (found.username, found.password) == ("alice", "p:w")
    assert found.origin == str(home / "docker/config.json")
    assert user("reg.example:1") is None
    assert user("example") is None


def test_all_kinds_of_entries(home: Path) -> None:
    write(
        home / "docker/config.json",
        auths={
            "a.example": {"username": "alice", "password": "pw"},
            "b.example": {**auth("bob", ""), "identitytoken": "refresh"},
            "c.example": {"registrytoken": "access"},
            "d.example": {},
            "e.example": {"auth": "%%%"},
            "f.example": {"auth": base64.b64encode("zoë:pässword".encode()).decode()},
        },
    )
    assert find_credential("a.example").credential == Credential(
        "alice", "pw", origin=str(home / "docker/config.json")
    )
    identity = find_credential("b.example").credential
    assert identity is not None and identity.identity_token == "refresh"
    access = find_credential("c.example").credential
    assert access is not None and access.registry_token == "access"
    assert find_credential("d.example").credential is None
    broken = find_credential("e.example")
    assert broken.credential is None and "no base64" in broken.problems[0]
    zoe = find_credential("f.example").credential
    assert zoe is not None
    assert base64.b64decode(zoe.basic().partition(" ")[2]).decode() == "zoë:pässword"


def test_secrets_are_not_shown() -> None:
    secret = Credential("alice", "s3cret", "s3cret", "s3cret", "a test")
    assert "s3cret" not in f"{secret!r} {secret}"


def test_the_order_of_places(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = home / ".config/containers/auth.json"
    session, named = home / "run/containers/auth.json", home / "named.json"
    docker = home / "docker/config.json"
    write(own, auths={"r.example": auth("own")})
    assert user("r.example") == "own"
    write(session, auths={"r.example": auth("session")})
    assert user("r.example") == "session"
    write(named, auths={"r.example": auth("named")})
    monkeypatch.setenv("REGISTRY_AUTH_FILE", str(named))
    assert user("r.example") == "named"
    write(docker, auths={"r.example": auth("docker")})
    assert user("r.example") == "docker"
    monkeypatch.setenv("DOCKER_AUTH_CONFIG", json.dumps({"auths": {"r.example": auth("variable")}}))
    assert user("r.example") == "variable"
    monkeypatch.setenv("DOCKER_AUTH_CONFIG", "{")
    assert user("r.example") == "docker", "a broken place does not hide the others"
    docker.write_text("[]")
    found = find_credential("r.example")
    assert [problem.partition(":")[0] for problem in found.problems] == ["$DOCKER_AUTH_CONFIG", str(docker)]


def test_podmans_keys_may_name_a_namespace(home: Path) -> None:
    keys = {"r.example": auth("all"), "r.example/team": auth("team"), "r.example/team/app": auth("app")}
    write(home / "run/containers/auth.json", auths=keys)
    assert user("r.example", "other/app") == "all"
    assert user("r.example", "team/tool") == "team"
    assert user("r.example", "teams/tool") == "all"
    assert user("r.example", "team/app") == "app"


def test_helpers(home: Path) -> None:
    install_helper(home / "bin", "store")
    give("store", "a.example", Credential("alice", 'p"w'))
    give("store", "https://index.docker.io/v1/", Credential(identity_token="refresh"))
    write(home / "docker/config.json", credHelpers={"a.example": "store"}, auths={"b.example": auth("bob")})
    assert user("a.example") == "alice"
    assert user("b.example") == "bob"
    assert user("docker.io") is None
    write(home / "docker/config.json", credsStore="store", auths={"b.example": auth("bob"), "a.example": {}})
    assert user("a.example") == "alice"
    assert user("b.example") == "bob", "a login of before the helper came"
    found = find_credential("docker.io").credential
    assert found == Credential(identity_token="refresh", origin="docker-credential-store")
    erase("store", "a.example")
    assert ask("store", "a.example") is None


@pytest.mark.parametrize(
    ("script", "says"),
    [
        (None, "not installed"),
        ("#!/bin/sh\necho locked >&2; exit 3\n", "failed: locked"),
        ("#!/bin/sh\necho '[]'\n", "no credential"),
        ("#!/bin/sh\nhead -c 10 /dev/urandom\n", "no credential|cannot be asked"),
        ("not a program", "cannot be asked"),
    ],
)
def test_helpers_that_fail(home: Path, script: str | None, says: str) -> None:
    if script is not None:
        install_helper(home / "bin", "broken", script)
    write(home / "docker/config.json", credsStore="broken", auths={"b.example": auth("bob")})
    assert user("b.example") == "bob"
    found = find_credential("a.example")
    assert found.credential is None
    with pytest.raises(SourceError, match=says):
        ask("broken", "a.example")
    assert len(found.problems) == 1


def test_a_helper_is_a_name_and_no_path() -> None:
    with pytest.raises(SourceError, match="not installed"):
        ask("../../bin/sh", "a.example")
