"""A registry of each kind, with what a client needs to be let in: plain, a password over TLS, tokens."""

from __future__ import annotations

import base64
import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.builders.certificates import make_certificates
from tests.builders.docker_registry import docker_registry
from tests.builders.token_server import PASSWORD, USER, token_server

KINDS = ("plain", "basic", "token")
missing = shutil.which("docker-registry") is None or shutil.which("openssl") is None


@dataclass(frozen=True)
class Registry:
    """`environment` is what a client needs in order to be let in: a login, and whom to trust."""

    host: str
    environment: Mapping[str, str] = field(default_factory=dict)
    authority: Path | None = None


@contextmanager
def running_registry(folder: Path, kind: str = "plain") -> Iterator[Registry]:
    """One of `KINDS`; it ends with the block. `token`: everybody may pull, `alice` push."""
    client = folder / "client"
    (client / "docker").mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        certificates = None if kind == "plain" else make_certificates(folder / "made")
        tls = certificates if kind == "basic" else None
        tokens = stack.enter_context(token_server(certificates)) if certificates and tls is None else None
        started = stack.enter_context(
            docker_registry(folder, tls=tls, passwords=kind == "basic", tokens=tokens)
        )
        login = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        (client / "docker/config.json").write_text(json.dumps({"auths": {started.host: {"auth": login}}}))
        if tls is not None:
            trusted = client / "containers/certs.d" / started.host
            trusted.mkdir(parents=True)
            shutil.copyfile(tls.authority, trusted / "ca.crt")
        environment = {"DOCKER_CONFIG": str(client / "docker"), "XDG_CONFIG_HOME": str(client)}
        yield Registry(started.host, environment, tls.authority if tls else None)
