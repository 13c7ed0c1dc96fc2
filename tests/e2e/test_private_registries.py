"""Registries that want a login: Debian's docker-registry with passwords over TLS, and with tokens."""

from __future__ import annotations

import base64
import json
import os
import pty
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.builders.certificates import Certificates, make_certificates
from tests.builders.credential_helper import install_helper
from tests.builders.docker_registry import DockerRegistry, NoRegistryError, docker_registry
from tests.builders.token_server import IDENTITY, TokenServer, token_server
from tests.e2e.user import User

PASSWORD = "s3cret"
AUTH = {"auth": base64.b64encode(f"alice:{PASSWORD}".encode()).decode()}


@pytest.fixture
def user(tmp_path: Path) -> User:
    return User(tmp_path)


@dataclass(frozen=True)
class Basic:
    host: str
    certificates: Certificates

    def is_trusted_by(self, user: User) -> None:
        folder = user.home / ".config/containers/certs.d" / self.host
        folder.mkdir(parents=True)
        shutil.copy(self.certificates.authority, folder / "ca.crt")


@pytest.fixture(scope="module")
def basic(image: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Basic]:
    """With a password, over TLS by an authority that nobody knows; it has app:1."""
    folder = tmp_path_factory.mktemp("basic")
    certificates = make_certificates(folder / "made")
    try:
        with docker_registry(folder, tls=certificates, passwords=True) as registry:
            registry.push(image("hello-static"), "app:1")
            yield Basic(registry.host, certificates)
    except NoRegistryError as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="module")
def tokens(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TokenServer]:
    with token_server(make_certificates(tmp_path_factory.mktemp("tokens"))) as server:
        yield server


@pytest.fixture(scope="module")
def bearer(
    tokens: TokenServer, image: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[DockerRegistry]:
    """With tokens; it has public:1 and private/app:1."""
    try:
        with docker_registry(tmp_path_factory.mktemp("bearer"), tokens=tokens) as registry:
            for name in ("public:1", "private/app:1"):
                registry.push(image("hello-static"), name)
            yield registry
    except NoRegistryError as reason:
        pytest.skip(str(reason))


@pytest.fixture(autouse=True)
def quiet(request: pytest.FixtureRequest) -> None:
    """Each test sees its own requests for tokens only."""
    if "tokens" in request.fixturenames:
        found: TokenServer = request.getfixturevalue("tokens")
        found.seen.clear()
        found.ages.clear()


def test_a_password_over_tls(basic: Basic, user: User) -> None:
    image = f"{basic.host}/app:1"
    user.registries(f'[[registry]]\nlocation = "{basic.host}"\ninsecure = false\n')
    user.fails("inspect", image, says=("no trusted TLS connection", f"certs.d/{basic.host}/ca.crt"))
    basic.is_trusted_by(user)
    user.fails("inspect", image, says=("wants a login", f"u2k login {basic.host}"))
    login = ["login", "-u", "alice", "--password-stdin", basic.host]
    said = user.fails(*login, stdin="wr0ng\n", says=("wrong user name or password",))
    assert "wr0ng" not in said
    assert not user.config.exists()
    assert f"logged in to {basic.host} as alice" in user.succeeds(*login, stdin=f"{PASSWORD}\n").stdout
    assert user.config.stat().st_mode & 0o777 == 0o600
    explained = user.succeeds("convert", "-v", image, "-o", "hello.u2k")
    assert f"a login from {user.config}" in explained.stderr
    assert PASSWORD not in explained.stderr + explained.stdout and AUTH["auth"] not in explained.stderr
    assert user.succeeds("run", "--on", "process", "hello.u2k").stdout.startswith("GREETING=bonjour")
    user.succeeds("logout", basic.host)
    user.forgets()
    user.fails("inspect", image, says=("wants a login",))


def test_a_wrong_password_that_was_kept(basic: Basic, user: User) -> None:
    basic.is_trusted_by(user)
    wrong = base64.b64encode(b"alice:wr0ng").decode()
    user.logins(auths={basic.host: {"auth": wrong}})
    says = ("wrong user name or password", str(user.config), f"u2k login {basic.host}")
    for verb in (["inspect"], ["convert", "-v", "-o", "x.u2k"]):
        said = user.fails(*verb, f"{basic.host}/app:1", says=says)
        assert "wr0ng" not in said and wrong not in said
    assert not (user.home / "x.u2k").exists()


def test_an_authority_in_our_own_file(basic: Basic, user: User) -> None:
    user.logins(auths={basic.host: AUTH})
    ca = basic.certificates.authority
    user.registries(f'[[registry]]\nlocation = "{basic.host}"\nca = "{ca}"\n')
    user.succeeds("inspect", f"{basic.host}/app:1")
    user.forgets()
    user.registries(f'[[registry]]\nlocation = "{basic.host}"\ninsecure = true\n')
    done = user.succeeds("inspect", f"{basic.host}/app:1")
    assert "Warning" not in done.stderr


def test_a_login_in_the_environment(basic: Basic, user: User) -> None:
    basic.is_trusted_by(user)
    told = json.dumps({"auths": {basic.host: AUTH}})
    user.succeeds("inspect", f"{basic.host}/app:1", DOCKER_AUTH_CONFIG=told)
    assert not user.config.exists()


def test_a_login_of_dockers_client_and_one_of_podmans(basic: Basic, user: User) -> None:
    basic.is_trusted_by(user)
    podman = user.home / "run/containers/auth.json"
    command = [
        "skopeo",
        "login",
        "--tls-verify=false",
        "--authfile",
        podman,
        "-u",
        "alice",
        "--password-stdin",
    ]
    subprocess.run([*command, basic.host], input=PASSWORD.encode(), check=True, capture_output=True)
    explained = user.succeeds("inspect", "-v", f"{basic.host}/app:1")
    assert f"a login from {podman}" in explained.stderr


def test_a_login_in_a_helper(basic: Basic, user: User) -> None:
    basic.is_trusted_by(user)
    for folder in ("bin", "store"):
        (user.home / folder).mkdir()
    install_helper(user.home / "bin", "tests")
    user.more["U2K_TEST_STORE"] = str(user.home / "store")
    user.logins(credHelpers={basic.host: "tests"}, HttpHeaders={"kept": "yes"})
    told = user.succeeds("login", "-u", "alice", "--password-stdin", basic.host, stdin=PASSWORD)
    assert "kept in docker-credential-tests" in told.stdout
    assert PASSWORD not in user.config.read_text() and "kept" in user.config.read_text()
    assert "docker-credential-tests" in user.succeeds("inspect", "-v", f"{basic.host}/app:1").stderr
    user.succeeds("logout", basic.host)
    assert list((user.home / "store").iterdir()) == []
    user.forgets()
    (user.home / "bin/docker-credential-tests").unlink()
    user.fails(
        "inspect", f"{basic.host}/app:1", says=("wants a login", "docker-credential-tests", "not installed")
    )


def test_a_login_that_is_asked_for_on_a_terminal(bearer: DockerRegistry, user: User) -> None:
    """The password is not shown while it is typed."""
    terminal, ours = pty.openpty()
    command = [sys.executable, "-m", "converter", "login", bearer.host]
    process = subprocess.Popen(
        command, env=user.environment, stdin=ours, stdout=ours, stderr=ours, start_new_session=True
    )
    os.close(ours)
    said = b""
    for question, answer in (
        (b"User of ", b"alice\n"),
        (b"Password of alice", b"s3cret\n"),
        (b"kept in ", b""),
    ):
        while question not in said:
            said += os.read(terminal, 4096)
        time.sleep(0.2)  # getpass(3) throws away what was typed before the question
        os.write(terminal, answer)
    assert process.wait(60) == 0
    os.close(terminal)
    assert PASSWORD.encode() not in said
    assert bearer.host in json.loads(user.config.read_text())["auths"]


def test_no_terminal_and_no_password(user: User) -> None:
    user.fails("login", "-u", "alice", "ghcr.io", says=("no terminal", "--password-stdin"), status=2)
    user.fails("login", "--password-stdin", stdin="x", says=("needs a user", "-u NAME"), status=2)
    user.fails("login", "-u", "alice", "--password-stdin", stdin="\n", says=("is empty",), status=2)


def test_tokens(bearer: DockerRegistry, tokens: TokenServer, user: User) -> None:
    user.succeeds("inspect", f"{bearer.host}/public:1")
    assert {authorization for _, authorization, _ in tokens.seen} == {""}, "anybody may pull"
    private = f"{bearer.host}/private/app:1"
    user.fails("inspect", private, says=("wants a login", f"u2k login {bearer.host}"))
    login = ["login", "-u", "alice", "--password-stdin", bearer.host]
    user.fails(*login, stdin="wr0ng", says=("wrong user name or password",))
    user.succeeds(*login, stdin=PASSWORD)
    user.succeeds("convert", private, "-o", "app.u2k")
    assert tokens.seen[-1][2]["scope"] == ["repository:private/app:pull"]


def test_identity_tokens(bearer: DockerRegistry, tokens: TokenServer, user: User) -> None:
    private = f"{bearer.host}/private/app:1"
    user.logins(auths={bearer.host: {"identitytoken": IDENTITY}})
    user.succeeds("inspect", private)
    method, authorization, form = tokens.seen[-1]
    assert (method, authorization, form["grant_type"]) == ("POST", "", ["refresh_token"])
    user.forgets()
    user.logins(auths={bearer.host: {"identitytoken": "long gone"}})
    said = user.fails("inspect", "-v", private, says=("wrong token, or it has expired", "u2k login"))
    assert "long gone" not in said


def test_a_token_that_has_expired_is_replaced_once(
    bearer: DockerRegistry, tokens: TokenServer, user: User
) -> None:
    """The registry itself finds it out: the clock of its token server is an hour behind."""
    user.logins(auths={bearer.host: AUTH})
    tokens.ages[:] = [0, 3600]
    private = f"{bearer.host}/private/app:1"
    user.succeeds("inspect", private)
    user.forgets()
    tokens.seen.clear()
    tokens.ages[:] = [3600] * 100
    user.fails("inspect", private, says=("not allowed this",))
    assert len(tokens.seen) == 1, "no use in asking for ever"
