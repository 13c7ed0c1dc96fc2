"""Logging in and out: docker's own files and helpers are left as docker would leave them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from converter.errors import OutputError, SourceError, UsageError
from converter.image.credentials.lookup import find_credential
from converter.image.credentials.model import Credential
from converter.image.credentials.saving import forget, save
from converter.image.registry.login import check_login, registry_named
from tests.builders.credential_helper import install_helper
from tests.unit.image.registry_server import Reply, Server, serving

ALICE = Credential("alice", "p:wörd")


@pytest.fixture(autouse=True)
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """docker's config.json of a user who has none yet."""
    for name in ("DOCKER_AUTH_CONFIG", "REGISTRY_AUTH_FILE", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    (tmp_path / "bin").mkdir()
    (tmp_path / "store").mkdir()
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    monkeypatch.setenv("U2K_TEST_STORE", str(tmp_path / "store"))
    return tmp_path / "docker/config.json"


def found(registry: str) -> Credential | None:
    return find_credential(registry).credential


def test_into_a_file_and_out_of_it(config: Path) -> None:
    assert save("docker.io", ALICE) == str(config)
    assert list(json.loads(config.read_text())["auths"]) == ["https://index.docker.io/v1/"]
    assert config.stat().st_mode & 0o777 == 0o600
    assert config.parent.stat().st_mode & 0o777 == 0o700
    save("reg.example", Credential("bob", "old"))
    save("reg.example", Credential("bob", "new"))
    kept = found("docker.io")
    assert kept is not None and (kept.username, kept.password) == ("alice", "p:wörd")
    assert forget("reg.example")
    assert found("reg.example") is None and found("docker.io") is not None
    assert not forget("reg.example")
    assert [path.name for path in config.parent.iterdir()] == ["config.json"]


def test_other_keys_stay(config: Path) -> None:
    config.parent.mkdir()
    before = {
        "HttpHeaders": {"X": "ü"},
        "auths": {"https://reg.example/v1/": {"auth": "YTpi"}, "o.example": {}},
    }
    config.write_text(json.dumps(before))
    save("reg.example", ALICE)
    after = json.loads(config.read_text())
    assert after["HttpHeaders"] == before["HttpHeaders"]
    assert set(after["auths"]) == {"reg.example", "o.example"}, "an older form of the key is replaced"


def test_a_link_stays_a_link(config: Path, tmp_path: Path) -> None:
    config.parent.mkdir()
    config.symlink_to(tmp_path / "dotfiles.json")
    save("reg.example", ALICE)
    assert config.is_symlink()
    assert "reg.example" in (tmp_path / "dotfiles.json").read_text()


def test_into_a_helper_and_out_of_it(config: Path, tmp_path: Path) -> None:
    install_helper(tmp_path / "bin", "store")
    config.parent.mkdir()
    config.write_text('{"credsStore": "store"}')
    assert save("docker.io", ALICE) == "docker-credential-store"
    assert json.loads(config.read_text()) == {
        "credsStore": "store",
        "auths": {"https://index.docker.io/v1/": {}},
    }
    kept = found("docker.io")
    assert kept is not None and kept.password == "p:wörd"
    assert forget("docker.io")
    assert list((tmp_path / "store").iterdir()) == []
    assert json.loads(config.read_text()) == {"credsStore": "store", "auths": {}}


@pytest.mark.parametrize("text", ["{", "[1]"])
def test_a_broken_file_is_not_replaced(config: Path, text: str) -> None:
    config.parent.mkdir()
    config.write_text(text)
    with pytest.raises(SourceError, match="JSON"):
        save("reg.example", ALICE)
    assert config.read_text() == text


def test_a_folder_that_cannot_be(config: Path) -> None:
    config.parent.write_text("a file")
    with pytest.raises((OutputError, SourceError)):
        save("reg.example", ALICE)


@pytest.mark.skipif(shutil.which("docker") is None, reason="docker's client is not here")
def test_dockers_client_reads_what_we_write(config: Path) -> None:
    """It refuses a file that it cannot read, and forgets our login under the key that it knows."""
    save("reg.example:5000", ALICE)
    save("docker.io", ALICE)
    for words in (["logout", "reg.example:5000"], ["logout"]):
        done = subprocess.run(["docker", *words], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    assert json.loads(config.read_text()).get("auths", {}) == {}


@pytest.mark.parametrize(
    ("text", "registry"),
    [
        (None, "docker.io"),
        ("https://index.docker.io/v1/", "docker.io"),
        ("ghcr.io", "ghcr.io"),
        ("https://reg.example:5000/", "reg.example:5000"),
    ],
)
def test_names_of_registries(text: str | None, registry: str) -> None:
    assert registry_named(text) == registry


def test_what_is_no_registry() -> None:
    for text in ("", "a b", "x:99999", "user@host"):
        with pytest.raises(UsageError):
            registry_named(text)


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as there:
        yield there


def test_checking(server: Server) -> None:
    server.says("/v2/", Reply(b"{}"))
    assert check_login(server.host, ALICE, lambda _: None) is False
    server.says("/v2/", Reply(b"", 401, {"WWW-Authenticate": 'Basic realm="x"'}), Reply(b"{}"))
    assert check_login(server.host, ALICE, lambda _: None) is True
    server.says("/v2/", Reply(b"", 401, {"WWW-Authenticate": 'Basic realm="x"'}))
    with pytest.raises(SourceError, match="wrong user name or password") as caught:
        check_login(server.host, ALICE, lambda _: None)
    assert "p:wörd" not in f"{caught.value} {caught.value.hint}"
