"""The local Docker engine, through the real SDK, against a small engine of our own on a Unix socket."""

from __future__ import annotations

import json
import logging
import socketserver
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import unquote

import pytest

from converter.errors import SourceError, UsageError
from converter.image import BlobCache, Platform, file_tree, open_image
from tests.builders import oci

LAYER = oci.layer(oci.file("a", b"from the engine"))
SAVED = oci.tar_of(oci.docker_save([LAYER], tags=["app:latest"]))


class _Engine(BaseHTTPRequestHandler):
    """The calls of the Engine API that saving an image takes."""

    def do_GET(self) -> None:
        path = unquote(self.path).partition("?")[0]
        if path.endswith("/version"):
            self.answer(200, json.dumps({"ApiVersion": "1.44", "MinAPIVersion": "1.24"}).encode())
        elif path.endswith("/json") and "app" in path:
            about = {"Id": "sha256:1", "Os": "linux", "Architecture": "amd64", "RepoTags": ["app:latest"]}
            self.answer(200, json.dumps(about).encode())
        elif path.endswith("/get") and "app" in path:
            self.answer(200, SAVED, "application/x-tar")
        else:
            self.answer(404, b'{"message":"No such image"}')

    def answer(self, status: int, body: bytes, kind: str = "application/json") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def address_string(self) -> str:
        return "unix"

    def log_message(self, *args: object) -> None:
        pass


class _Listener(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    listener = _Listener(str(tmp_path / "docker.sock"), _Engine)
    thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/docker.sock")
    yield
    listener.shutdown()
    thread.join()
    listener.server_close()


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
        assert "from the local Docker engine" in caplog.text


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
    assert "has it for linux/amd64, not for linux/arm64" in caplog.text


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
        open_image(str(tmp_path), cache=cache, source="else")
