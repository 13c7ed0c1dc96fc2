"""Other ways to an image: mirrors by a file, proxies by the environment, files as a source; -v says which."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.builders import elves, oci
from tests.builders.certificates import make_certificates
from tests.builders.docker_registry import DockerRegistry, NoRegistryError, docker_registry
from tests.builders.proxy import proxy_to
from tests.e2e.user import User


@pytest.fixture
def user(tmp_path: Path) -> User:
    return User(tmp_path)


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An image that can be inspected, called app:1."""
    program = oci.file("x", elves.elf(kind=elves.EXEC, dynamic=False), mode=0o755)
    layout = oci.simple_layout([oci.layer(program)], run={"Cmd": ["/x"]})
    return oci.write_tar(tmp_path_factory.mktemp("app") / "app.tar", layout)


@pytest.fixture(scope="module")
def mirror(
    image: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[DockerRegistry]:
    """A registry with an image where Docker Hub has redis:7."""
    try:
        with docker_registry(tmp_path_factory.mktemp("mirror")) as registry:
            registry.push(image("hello-static"), "library/redis:7")
            yield registry
    except NoRegistryError as reason:
        pytest.skip(str(reason))


def test_a_mirror_of_docker_hub(mirror: DockerRegistry, user: User) -> None:
    path = user.home / "mine.toml"
    path.write_text(
        f'[[registry]]\nprefix = "docker.io"\n'
        f'[[registry.mirror]]\nlocation = "localhost:1"\n[[registry.mirror]]\nlocation = "{mirror.host}"\n'
    )
    done = user.succeeds("convert", "-v", "redis:7", U2K_REGISTRIES=str(path))
    assert (user.home / "redis-7.u2k").exists()
    lines = [line for line in done.stderr.splitlines() if line.startswith("u2k: redis:7: ")]
    assert lines[0] == "u2k: redis:7: no file of this name; engines are asked, then the registry"
    assert any(
        "not from the engine at unix:///var/run/docker.sock (docker's socket): " in line for line in lines
    )
    assert any("(podman's socket): " in line for line in lines)
    assert "u2k: redis:7: from the registry docker.io" in lines
    assert "u2k: redis:7: not from the mirror localhost:1: connection refused by localhost:1" in lines


def test_podmans_settings_count_too(mirror: DockerRegistry, user: User) -> None:
    path = user.home / ".config/containers/registries.conf"
    path.parent.mkdir(parents=True)
    path.write_text(f'[[registry]]\nprefix = "reg.invalid/team"\nlocation = "{mirror.host}/library"\n')
    user.succeeds("inspect", "reg.invalid/team/redis:7")
    user.fails("inspect", "reg.invalid/other/redis:7", says=("unknown host reg.invalid",))


def test_settings_that_make_no_sense(user: User) -> None:
    user.registries("[[registry]]\ninsecure = true\n")
    user.fails("inspect", "redis:7", says=("registries.toml", "neither prefix nor location"), status=2)


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy"])
def test_a_proxy_for_tls(
    user: User, archive: Path, tmp_path_factory: pytest.TempPathFactory, variable: str
) -> None:
    """The host is known to the proxy only, and its certificate is for that host."""
    certificates = make_certificates(tmp_path_factory.mktemp("made"))
    try:
        with docker_registry(tmp_path_factory.mktemp("tls"), tls=certificates) as registry:
            registry.push(archive, "app:1")
            port = registry.host.rpartition(":")[2]
            user.registries(
                f'[[registry]]\nlocation = "registry.test:{port}"\nca = "{certificates.authority}"\n'
            )
            with proxy_to(registry.host) as proxy:
                url = proxy.url.replace("//", "//me:hidden@")
                name = f"registry.test:{port}/app:1"
                done = user.succeeds("inspect", "-v", "--source", "registry", name, **{variable: url})
                assert {each[:2] for each in proxy.seen} == {("CONNECT", f"registry.test:{port}")}
                assert {each[2].startswith("Basic ") for each in proxy.seen} == {True}
                assert "hidden" not in done.stderr
                user.forgets()
                without = {variable: url, "NO_PROXY": "registry.test"}
                user.fails("inspect", name, says=("unknown host registry.test",), **without)
            user.forgets()
            said = user.fails("inspect", name, says=("the proxy gives no connection",), **{variable: url})
            assert "hidden" not in said
    except NoRegistryError as reason:
        pytest.skip(str(reason))


def test_a_proxy_for_plain_http_and_none_for_this_machine(mirror: DockerRegistry, user: User) -> None:
    user.registries(
        '[[registry]]\nlocation = "registry.test:81"\n[[registry.mirror]]\nlocation = "http://plain.test"\n'
    )
    with proxy_to(mirror.host) as proxy:
        user.succeeds("inspect", "registry.test:81/library/redis:7", HTTP_PROXY=proxy.url)
        assert proxy.seen[0][:2] == ("GET", "http://plain.test/v2/library/redis/manifests/7")
        asked = len(proxy.seen)
        user.forgets()
        user.succeeds("inspect", f"{mirror.host}/library/redis:7", HTTP_PROXY=proxy.url)
        assert len(proxy.seen) == asked, "localhost needs no proxy"


def test_a_file_as_the_source(user: User, archive: Path) -> None:
    done = user.fails("inspect", "--source", archive, "app:1", says=("no image 'app:1'",), status=2)
    assert "several" not in done
    user.fails("inspect", "--source", "nowhere", "app:1", says=("no source", "auto"), status=2)
