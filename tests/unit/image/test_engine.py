"""Images of engines, through the real SDK, against a small engine of our own; and how one is found."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
import socket
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from converter.errors import SourceError, UsageError
from converter.image import BlobCache, Platform, file_tree, open_image
from converter.image.engine.address import engine_addresses
from tests.builders.certificates import make_certificates
from tests.builders.engine_server import engine_at, engine_with_tls


@pytest.fixture(autouse=True)
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user whose docker and podman have no settings."""
    for name in [*os.environ]:
        if name.startswith(("DOCKER_", "CONTAINER_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))
    return tmp_path


@pytest.fixture
def short() -> Iterator[Path]:
    """A folder whose path leaves room for a socket's name (unix(7): 107 bytes in all)."""
    with tempfile.TemporaryDirectory(prefix="u2k-", dir="/tmp") as folder:
        yield Path(folder)


@pytest.fixture
def engine(short: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with engine_at(short / "docker.sock") as url:
        monkeypatch.setenv("DOCKER_HOST", url)
        yield


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize(
    ("name", "source"), [("app", "auto"), ("app", "engine"), ("docker-daemon:app", "auto")]
)
def test_an_image_of_the_engine(
    cache: BlobCache, name: str, source: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "u2k"):
        image = open_image(name, cache=cache, source=source)
    tree = file_tree(image, cache)
    assert tree.read(tree[b"/a"]) == b"from the engine"
    assert not list((cache.root / "tmp").iterdir()), "the saved archive has no name"
    if (name, source) == ("app", "auto"):
        assert f"app:latest: from the engine at {os.environ['DOCKER_HOST']} (DOCKER_HOST)" in caplog.text


@pytest.mark.usefixtures("engine")
def test_what_the_engine_does_not_have(cache: BlobCache) -> None:
    with pytest.raises(SourceError, match="no such image") as caught:
        open_image("docker-daemon:other", cache=cache)
    assert "docker pull other" in (caught.value.hint or "")


@pytest.mark.usefixtures("engine")
def test_auto_goes_on_to_the_registry(cache: BlobCache, caplog: pytest.LogCaptureFixture) -> None:
    for name, platform in (("nosuch.invalid/other", "amd64"), ("nosuch.invalid/app", "arm64")):
        with caplog.at_level(logging.INFO, "u2k"), pytest.raises(SourceError, match="unknown host"):
            open_image(name, cache=cache, platform=Platform.parse(platform))
        assert "from the registry nosuch.invalid" in caplog.text
    assert "it has it for linux/amd64, not for linux/arm64" in caplog.text


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n", "answered 500 Oops"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n{", "does not answer"),
        (b"SSH-2.0-OpenSSH\r\n", "does not answer"),
        (b"", "does not answer"),
    ],
)
def test_what_is_no_engine(
    short: Path, cache: BlobCache, monkeypatch: pytest.MonkeyPatch, answer: bytes, says: str
) -> None:
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(short / "x.sock"))
    listener.listen()

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(4096)
            connection.sendall(answer)

    thread = threading.Thread(target=serve)
    thread.start()
    monkeypatch.setenv("DOCKER_HOST", f"unix://{short}/x.sock")
    with pytest.raises(SourceError, match=says):
        open_image("app", cache=cache, source="engine")
    thread.join()
    listener.close()


def test_no_engine(cache: BlobCache, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nothing.sock")
    with pytest.raises(SourceError, match="does not answer") as caught:
        open_image("docker-daemon:app", cache=cache)
    assert caught.value.hint
    assert caught.value.exit_code == 4


def test_a_file_is_not_in_the_engine(cache: BlobCache, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="a file, not an image"):
        open_image(str(tmp_path), cache=cache, source="engine")
    with pytest.raises(UsageError, match="no source"):
        open_image("app", cache=cache, source="else")


def addresses() -> list[str]:
    return [str(each) for each in engine_addresses()]


def test_usual_sockets_in_their_order(user: Path) -> None:
    assert addresses() == [
        "unix:///var/run/docker.sock (docker's socket)",
        f"unix://{user}/run/docker.sock (docker's socket)",
        f"unix://{user}/.docker/run/docker.sock (docker's socket)",
        f"unix://{user}/run/podman/podman.sock (podman's socket)",
        "unix:///run/podman/podman.sock (podman's socket)",
    ]


def context(user: Path, name: str, host: str, **more: object) -> Path:
    """A context as docker's client writes it; the folder for its TLS files."""
    identity = hashlib.sha256(name.encode()).hexdigest()
    meta = user / ".docker/contexts/meta" / identity / "meta.json"
    meta.parent.mkdir(parents=True)
    docker = {"Host": host, "SkipTLSVerify": False, **more}
    meta.write_text(json.dumps({"Name": name, "Metadata": {}, "Endpoints": {"docker": docker}}))
    return user / ".docker/contexts/tls" / identity / "docker"


def test_who_names_an_engine_means_that_one(user: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context(user, "far", "ssh://me@far.example")
    context(user, "near", "unix:///near.sock")
    (user / ".docker/config.json").write_text('{"currentContext": "far"}')
    assert addresses() == ["ssh://me@far.example (docker's context far)"]
    monkeypatch.setenv("DOCKER_CONTEXT", "near")
    assert addresses() == ["unix:///near.sock (docker's context near)"]
    monkeypatch.setenv("DOCKER_CONTEXT", "default")
    assert addresses()[0] == "unix:///var/run/docker.sock (docker's socket)"
    monkeypatch.setenv("DOCKER_HOST", "tcp://h.example:2375")
    assert addresses() == ["tcp://h.example:2375 (DOCKER_HOST)"]
    monkeypatch.setenv("CONTAINER_HOST", "unix:///pod.sock")
    assert addresses() == ["tcp://h.example:2375 (DOCKER_HOST)", "unix:///pod.sock (CONTAINER_HOST)"]


def test_contexts_that_are_broken(
    user: Path, monkeypatch: pytest.MonkeyPatch, cache: BlobCache, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("DOCKER_CONTEXT", "none")
    with pytest.raises(UsageError, match="no docker context 'none', which DOCKER_CONTEXT names"):
        open_image("app", cache=cache, source="engine")
    with caplog.at_level(logging.INFO, "u2k"), pytest.raises(SourceError, match="unknown host"):
        open_image("nosuch.invalid/app", cache=cache)
    assert "no engine is asked: there is no docker context" in caplog.text
    for text, says in (("{", "not JSON"), ('{"Endpoints": 1}', "names no engine")):
        folder = context(user, "none", "x").parents[2]
        meta = next((folder / "meta").glob("*/meta.json"))
        meta.write_text(text)
        with pytest.raises(UsageError, match=says):
            addresses()
        shutil.rmtree(folder)


def test_a_context_with_tls(user: Path, cache: BlobCache, monkeypatch: pytest.MonkeyPatch) -> None:
    made = make_certificates(user / "made")
    with engine_with_tls(made) as url:
        files = context(user, "safe", url)
        shutil.copytree(made.folder, files)
        monkeypatch.setenv("DOCKER_CONTEXT", "safe")
        assert b"/a" in file_tree(open_image("app", cache=cache), cache)
        (files / "ca.pem").unlink()
        with pytest.raises(SourceError, match="certificate"):
            open_image("app", cache=cache, source="engine")


def test_tls_by_variables(user: Path, cache: BlobCache, monkeypatch: pytest.MonkeyPatch) -> None:
    made = make_certificates(user / ".docker")
    with engine_with_tls(made) as url:
        monkeypatch.setenv("DOCKER_HOST", url)
        with pytest.raises(SourceError, match="does not answer"):
            open_image("app", cache=cache, source="engine")
        monkeypatch.setenv("DOCKER_TLS_VERIFY", "1")
        assert open_image("app", cache=cache, source="engine").layers
        (user / "moved").mkdir()
        for path in user.glob(".docker/*.pem"):
            path.rename(user / "moved" / path.name)
        monkeypatch.setenv("DOCKER_CERT_PATH", str(user / "moved"))
        assert open_image("app", cache=cache, source="engine").layers


SSH = """#!/bin/sh
# In place of ssh: notes its words, and joins its streams with an engine.
echo "$@" >> "$NOTED"
[ -n "$ENGINE" ] || { echo "kex_exchange: broken" >&2; exit 255; }
exec python3 -c '
import os, socket, sys, threading
there = socket.socket(socket.AF_UNIX); there.connect(os.environ["ENGINE"])
def up():
    while data := os.read(0, 65536): there.sendall(data)
    there.shutdown(socket.SHUT_WR)
threading.Thread(target=up, daemon=True).start()
while data := there.recv(65536): os.write(1, data)
'
"""


@pytest.fixture
def ssh(user: Path, short: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The words that ssh is called with."""
    (user / "bin").mkdir()
    (user / "bin/ssh").write_text(SSH)
    (user / "bin/ssh").chmod(0o755)
    monkeypatch.setenv("PATH", f"{user}/bin:{os.environ['PATH']}")
    monkeypatch.setenv("NOTED", str(user / "noted"))
    monkeypatch.setenv("ENGINE", str(short / "docker.sock"))
    with engine_at(short / "docker.sock"):
        yield user / "noted"


@pytest.mark.parametrize(
    ("variable", "address", "words"),
    [
        ("DOCKER_HOST", "ssh://me@far.example:2222", "-l me -p 2222 -- far.example docker system dial-stdio"),
        ("DOCKER_HOST", "ssh://far", "-- far docker system dial-stdio"),
        ("DOCKER_HOST", "ssh://far/a b", "-- far docker --host 'unix:///a b' system dial-stdio"),
        ("CONTAINER_HOST", "ssh://far/p.sock", "-- far podman --url unix:///p.sock system dial-stdio"),
    ],
)
def test_an_engine_over_ssh(
    ssh: Path, cache: BlobCache, monkeypatch: pytest.MonkeyPatch, variable: str, address: str, words: str
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nothing.sock")
    monkeypatch.setenv(variable, address)
    tree = file_tree(open_image("app", cache=cache), cache)
    assert tree.read(tree[b"/a"]) == b"from the engine"
    assert set(ssh.read_text().splitlines()) == {f"-T -o ConnectTimeout=30 {words}"}


def test_what_ssh_says_is_told(ssh: Path, cache: BlobCache, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "ssh://far")
    monkeypatch.setenv("ENGINE", "")
    with pytest.raises(SourceError, match="does not answer: kex_exchange: broken"):
        open_image("app", cache=cache, source="engine")
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(SourceError, match="ssh: No such file"):
        open_image("app", cache=cache, source="engine")
    monkeypatch.setenv("DOCKER_HOST", "ssh://")
    with pytest.raises(SourceError, match="no host"):
        open_image("app", cache=cache, source="engine")
