"""Containers as stops, by a Docker engine: created before, so that only the start is measured.

A container has no network but its loopback, which is asked from inside: containers then need no ports of the
host, and no proxy answers in their place. Where that is not possible (an engine elsewhere, a user who is not
root) its port is published on 127.0.0.1.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from converter.errors import RunError
from converter.image.engine.client import engine_client
from converter.report.continuum.running.memory import same_namespace
from converter.report.continuum.running.question import Question
from converter.report.continuum.running.sample import Running

_LOCAL = "http+docker://localhost"  # how the SDK calls a socket file
_LONGEST = 86400  # seconds
_LINES = 5  # of what it said last


class Engine:
    """The engine that answers, and images that are there for as long as the block runs."""

    def __init__(self) -> None:
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Engine:
        """Errors: SourceError when no engine answers."""
        self.client = engine_client()
        self._stack.callback(self.client.close)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def version(self) -> str:
        return str(self.client.version().get("Version"))

    @property
    def inside(self) -> bool:
        """Whether its processes are this host's, and may be looked at and asked from inside."""
        return os.geteuid() == 0 and self.client.api.base_url == _LOCAL

    def load(self, archive: Path) -> None:
        """Take in an image; the archive gives it its name, which goes again at the end."""
        with archive.open("rb") as stream, explained("the image cannot be loaded"):
            for image in self.client.images.load(stream):
                for tag in image.tags:
                    if tag.startswith(PREFIX):
                        self._stack.callback(self._forget, tag)

    def _forget(self, tag: str) -> None:
        import docker

        with contextlib.suppress(docker.errors.DockerException, OSError):
            self.client.images.remove(tag)


PREFIX = "u2k-continuum-"  # of names that are ours


def new_name(stop: str) -> str:
    """A name that no image of the user has."""
    return f"{PREFIX}{stop}:{secrets.token_hex(8)}"


@contextlib.contextmanager
def explained(what: str) -> Iterator[None]:
    """Turns what the SDK raises into a RunError."""
    import docker

    try:
        yield
    except (docker.errors.DockerException, OSError, ValueError) as error:
        said = getattr(error, "explanation", None) or error
        raise RunError(f"{what}: {said}", where="the Docker engine") from error


@dataclass(slots=True)
class ContainerWay:
    """Containers of the image `name`. `seccomp`: a profile's text; None: the engine's own.

    entrypoint, args, env: as with `docker run`
    """

    engine: Engine
    name: str
    seccomp: str | None = None
    entrypoint: Sequence[str] | None = None
    args: Sequence[str] = ()
    env: Sequence[str] = ()

    @contextlib.contextmanager
    def started(self, question: Question) -> Iterator[Running]:
        """See `Way`."""
        port = 0 if question.check is None else question.check.port
        container = self._created(port)
        try:
            end = _End(container)
            begun = time.monotonic()
            with explained("the container cannot be started"):
                container.start()
            end.watch()
            with explained("the container cannot be looked at"):
                container.reload()
            pid = int(container.attrs["State"]["Pid"]) if self.engine.inside else 0
            if pid and not _is_of(pid, str(container.id)):
                raise RunError("its processes are not this host's", hint="run u2k where the engine runs")
            network = Path(f"/proc/{pid}/ns/net") if pid else None
            asked = port if self.engine.inside else _published(container.attrs, port)
            yield Running(
                begun,
                asked,
                network,
                lambda: same_namespace(pid) if pid else (),
                end.look,
                lambda: _tail(container),
            )
        finally:
            with explained("the container cannot be removed"):
                container.remove(force=True, v=True)

    def _created(self, port: int) -> Any:
        options: dict[str, Any] = {"network_mode": "none"}
        if not self.engine.inside:
            options = {"ports": {f"{port}/tcp": ("127.0.0.1", None)}} if port else {}
        if self.seccomp is not None:
            options["security_opt"] = [f"seccomp={self.seccomp}"]
        if self.entrypoint is not None:
            options["entrypoint"] = list(self.entrypoint)
        with explained("the container cannot be created"):
            return self.engine.client.containers.create(
                self.name, list(self.args) or None, environment=list(self.env), **options
            )


def _is_of(pid: int, identifier: str) -> bool:
    """Whether it runs in that container, by its control group (cgroups(7)); one that has ended may be."""
    try:
        return identifier in Path(f"/proc/{pid}/cgroup").read_text()
    except FileNotFoundError:
        return True


class _End:
    """Waits for the end of a container in a thread of its own."""

    def __init__(self, container: Any) -> None:
        self._container = container
        self._found: tuple[float, int] | None = None

    def watch(self) -> None:
        threading.Thread(target=self._wait, daemon=True).start()

    def _wait(self) -> None:
        with contextlib.suppress(RunError), explained(""):
            status = int(self._container.wait(timeout=_LONGEST).get("StatusCode", -1))
            self._found = time.monotonic(), status

    def look(self) -> tuple[float, int] | None:
        return self._found


def _published(attributes: Mapping[str, Any], port: int) -> int:
    bound = attributes.get("NetworkSettings", {}).get("Ports", {}).get(f"{port}/tcp") or []
    if port and not bound:
        raise RunError("the engine publishes no ports", hint="run u2k as root, or give the engine a bridge")
    return int(bound[0]["HostPort"]) if port else 0


def _tail(container: Any) -> str:
    with contextlib.suppress(RunError), explained(""):
        return str(container.logs(tail=_LINES).decode(errors="replace"))
    return ""
