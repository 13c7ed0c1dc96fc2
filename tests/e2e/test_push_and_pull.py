"""Unikernels pushed to and pulled from Debian's docker-registry: plain, with a password over TLS, with
tokens."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import random
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.builders import oci
from tests.builders.certificates import make_certificates
from tests.builders.cutting_proxy import cutting
from tests.builders.docker_registry import NoRegistryError, docker_registry
from tests.builders.token_server import token_server
from tests.e2e.conftest import U2K
from tests.e2e.subject import needs_gcc

pytestmark = needs_gcc
KINDS = ("plain", "basic", "token")
LOGIN = base64.b64encode(b"alice:s3cret").decode()

BASE = random.Random(1).randbytes(6_000_000)
SOURCE = '#include <unistd.h>\nint main(void) { return write(1, "%s\\n", %d) < 0; }\n'


@dataclass(frozen=True)
class Registry:
    """`environment` is what a client needs in order to be let in: a login, and whom to trust."""

    host: str
    environment: Mapping[str, str]


@contextmanager
def running_registry(folder: Path, kind: str = "plain") -> Iterator[Registry]:
    """One of `KINDS`, its data in `folder`; skips where there can be none."""
    config = folder / "client"
    config.mkdir(parents=True)
    with ExitStack() as stack:
        certificates = None if kind == "plain" else make_certificates(folder / "made")
        tokens = stack.enter_context(token_server(certificates)) if certificates and kind == "token" else None
        tls = certificates if kind == "basic" else None
        try:
            server = stack.enter_context(
                docker_registry(folder, tls=tls, passwords=kind == "basic", tokens=tokens)
            )
        except NoRegistryError as reason:
            pytest.skip(str(reason))
        (config / "config.json").write_text(json.dumps({"auths": {server.host: {"auth": LOGIN}}}))
        if tls is not None:
            trusted = config / "containers/certs.d" / server.host
            trusted.mkdir(parents=True)
            shutil.copyfile(tls.authority, trusted / "ca.crt")
        yield Registry(server.host, {"DOCKER_CONFIG": str(config), "XDG_CONFIG_HOME": str(config)})


class Client:
    """`u2k` with the login and the cache of one user."""

    def __init__(self, registry: Registry, cache: Path) -> None:
        self._environment = {**os.environ, **registry.environment, "U2K_CACHE_DIR": str(cache)}

    def run(self, *args: str | Path, **more: str) -> subprocess.CompletedProcess[str]:
        command = [*U2K, *map(str, args)]
        environment = {**self._environment, **more}
        return subprocess.run(
            command, capture_output=True, text=True, env=environment, timeout=120, check=False
        )

    def start(self, *args: str | Path) -> subprocess.Popen[bytes]:
        quiet = subprocess.DEVNULL
        return subprocess.Popen([*U2K, *map(str, args)], env=self._environment, stdout=quiet, stderr=quiet)

    def json(self, *args: str | Path, **more: str) -> dict[str, Any]:
        done = self.run(*args, "--json", **more)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two unikernels, one.u2k and two.u2k, of one base, and their images, one.tar and
    two.tar."""
    folder = tmp_path_factory.mktemp("made")
    base = oci.layer(oci.file("big", BASE))
    for name in ("one", "two"):
        (folder / f"{name}.c").write_text(SOURCE % (name, len(name) + 1))
        command = ["gcc", "-Os", "-static", "-o", str(folder / name), str(folder / f"{name}.c")]
        subprocess.run(command, check=True, capture_output=True)
        layer = oci.layer(oci.file("main", (folder / name).read_bytes(), mode=0o755))
        image = oci.write_tar(
            folder / f"{name}.tar", oci.simple_layout([base, layer], run={"Cmd": ["/main"]})
        )
        convert = ["convert", "--files", "all", str(image), "-o", str(folder / f"{name}.u2k")]
        done = subprocess.run([*U2K, *convert], capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()
    return folder


@pytest.fixture(scope="module", params=KINDS)
def any_registry(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Registry]:
    with running_registry(tmp_path_factory.mktemp(f"registry-{request.param}"), request.param) as registry:
        yield registry


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    with running_registry(tmp_path_factory.mktemp("registry")) as registry:
        yield registry


def fetched(registry: Registry, path: str) -> dict[str, Any]:
    kinds = "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json"
    request = urllib.request.Request(f"http://{registry.host}/v2/{path}", headers={"Accept": kinds})
    with urllib.request.urlopen(request) as reply:
        return json.load(reply)


def test_there_and_back(any_registry: Registry, made: Path, tmp_path: Path) -> None:
    client = Client(any_registry, tmp_path / "cache")
    name = f"{any_registry.host}/there/and-back:1"
    pushed = client.json("push", made / "one.u2k", name)
    assert pushed["sent"] == pushed["size"] == (made / "one.u2k").stat().st_size
    for number in range(2):  # with pieces in the cache, and without
        out = tmp_path / f"{number}.u2k"
        pulled = Client(any_registry, tmp_path / f"cache-{number}").json("pull", name, "-o", out)
        assert out.read_bytes() == (made / "one.u2k").read_bytes()
        assert pulled["digest"] == pushed["digest"]
    again = client.json("push", made / "one.u2k", name)
    assert (again["sent"], again["there"]) == (0, again["size"])
    assert (again["digest"], again["index"]) == (pushed["digest"], pushed["index"])


@pytest.mark.parametrize("kind", ["basic", "token"])
def test_without_the_right_login(kind: str, made: Path, tmp_path: Path) -> None:
    with running_registry(tmp_path / "registry", kind) as registry:
        client = Client(registry, tmp_path / "cache")
        nobody = tmp_path / "nobody"
        nobody.mkdir()
        name = f"{registry.host}/a/b:1"
        done = client.run("push", made / "one.u2k", name, DOCKER_CONFIG=str(nobody))
        assert done.returncode == 4 and "login" in done.stderr and "Traceback" not in done.stderr
        (nobody / "config.json").write_text(
            json.dumps({"auths": {registry.host: {"auth": "YWxpY2U6d3Jvbmc="}}})
        )
        done = client.run("push", made / "one.u2k", name, DOCKER_CONFIG=str(nobody))
        assert done.returncode == 4 and "login" in done.stderr and "wrong" in done.stderr


def test_unikernels_of_one_base_share_pieces(plain: Registry, made: Path, tmp_path: Path) -> None:
    client = Client(plain, tmp_path / "cache")
    client.json("push", made / "one.u2k", f"{plain.host}/share/first:1")
    same = client.json("push", made / "two.u2k", f"{plain.host}/share/first:2")
    assert same["there"] >= len(BASE) - 4096 and same["sent"] < same["size"] - len(BASE) + 8192
    other = client.json("push", made / "two.u2k", f"{plain.host}/share/second:2")
    assert (other["mounted"], other["sent"]) == (other["size"], 0)
    out = tmp_path / "out.u2k"
    client.json("pull", f"{plain.host}/share/second:2", "-o", out)
    assert out.read_bytes() == (made / "two.u2k").read_bytes()


def test_what_is_attached_refers_to_it(plain: Registry, made: Path, tmp_path: Path) -> None:
    client = Client(plain, tmp_path / "cache")
    bill = tmp_path / "one.cdx.json"
    done = client.run(
        "convert", "--files", "all", made / "one.tar", "--sbom", bill, "-o", tmp_path / "one.u2k"
    )
    assert done.returncode == 0, done.stderr
    pushed = client.json("push", tmp_path / "one.u2k", f"{plain.host}/attached:1", "--sbom", bill)
    listed = fetched(plain, f"attached/manifests/{pushed['digest'].replace(':', '-')}")
    found = {each["artifactType"]: each for each in listed["manifests"]}
    assert set(found) == {"application/vnd.in-toto+json", "application/vnd.cyclonedx+json"}
    documents = {}
    for kind, descriptor in found.items():
        manifest = fetched(plain, f"attached/manifests/{descriptor['digest']}")
        assert manifest["subject"]["digest"] == pushed["digest"] and manifest["artifactType"] == kind
        with urllib.request.urlopen(
            f"http://{plain.host}/v2/attached/blobs/{manifest['layers'][0]['digest']}"
        ) as reply:
            documents[kind] = reply.read()
    assert documents["application/vnd.cyclonedx+json"] == bill.read_bytes()
    statement = json.loads(documents["application/vnd.in-toto+json"])
    assert statement["predicateType"] == "https://slsa.dev/provenance/v1"
    file_digest = hashlib.sha256((tmp_path / "one.u2k").read_bytes()).hexdigest()
    subjects = {each["digest"]["sha256"] for each in statement["subject"]}
    assert subjects == {file_digest, pushed["digest"].removeprefix("sha256:")}


def test_it_refers_to_its_image_where_that_is(plain: Registry, made: Path, tmp_path: Path) -> None:
    copy = [
        "skopeo",
        "copy",
        "-q",
        "--preserve-digests",
        "--dest-tls-verify=false",
        f"oci-archive:{made / 'one.tar'}",
    ]
    subprocess.run([*copy, f"docker://{plain.host}/beside:image"], check=True)
    client = Client(plain, tmp_path / "cache")
    pushed = client.json("push", made / "one.u2k", f"{plain.host}/beside:u2k")
    assert pushed["subject"] is not None
    listed = fetched(plain, f"beside/manifests/{pushed['subject'].replace(':', '-')}")
    assert [each["digest"] for each in listed["manifests"]] == [pushed["digest"]]
    client.json("push", made / "one.u2k", f"{plain.host}/beside:u2k")
    assert fetched(plain, f"beside/manifests/{pushed['subject'].replace(':', '-')}") == listed
    done = client.run("push", made / "one.u2k", f"{plain.host}/beside:image")
    assert done.returncode == 2 and "something else's" in done.stderr
    assert client.run("push", made / "one.u2k", f"{plain.host}/beside:image", "--force").returncode == 0
    image = client.run("pull", f"{plain.host}/beside@{pushed['subject']}", "-o", tmp_path / "x")
    assert image.returncode == 3 and "no unikernel" in image.stderr


@pytest.mark.parametrize("every", [[], ["--all"]], ids=["one", "all"])
@pytest.mark.parametrize("kind", ["oci", "oci-archive"])
def test_it_comes_back_through_skopeo(
    plain: Registry, made: Path, tmp_path: Path, every: list[str], kind: str
) -> None:
    client = Client(plain, tmp_path / "cache")
    name = f"{plain.host}/skopeo:1"
    pushed = client.json("push", made / "one.u2k", name)
    layout = f"{kind}:{tmp_path / 'layout'}:1"
    command = ["skopeo", "copy", "-q", *every, "--src-tls-verify=false", f"docker://{name}", layout]
    subprocess.run(command, check=True)
    pulled = client.json("pull", layout, "-o", tmp_path / "out.u2k")
    assert (tmp_path / "out.u2k").read_bytes() == (made / "one.u2k").read_bytes()
    assert pulled["digest"] == pushed["digest"]


def digests(index: dict[str, Any]) -> dict[str, str]:
    return {each["platform"]["architecture"]: each["digest"] for each in index["manifests"]}


def test_an_index_over_architectures(plain: Registry, made: Path, tmp_path: Path) -> None:
    """Another architecture is a process unikernel's manifest that says so: what runs in it is nobody's
    concern here."""
    other = tmp_path / "arm.u2k"
    data = (made / "two.u2k").read_bytes()
    assert data.count(b'"architecture":"amd64"') == 1
    other.write_bytes(data.replace(b'"architecture":"amd64"', b'"architecture":"arm64"'))
    client = Client(plain, tmp_path / "cache")
    name = f"{plain.host}/both:1"
    first = client.json("push", made / "one.u2k", name)
    second = client.json("push", other, name)
    index = fetched(plain, "both/manifests/1")
    assert index["artifactType"] == "application/vnd.u2k.unikernel.v1"
    assert digests(index) == {"amd64": first["digest"], "arm64": second["digest"]}
    for platform, file in (("linux/amd64", made / "one.u2k"), ("linux/arm64", other)):
        out = tmp_path / platform.replace("/", "-")
        client.json("pull", name, "--platform", platform, "-o", out)
        assert out.read_bytes() == file.read_bytes()
    third = client.json("push", made / "two.u2k", name)
    there = {
        each["platform"]["architecture"]: each["digest"]
        for each in fetched(plain, "both/manifests/1")["manifests"]
    }
    assert there == {"amd64": third["digest"], "arm64": second["digest"]}
    done = client.run("pull", name, "--platform", "linux/riscv64", "-o", tmp_path / "none")
    assert (
        done.returncode == 3
        and "linux/amd64, linux/arm64" in done.stderr
        and not (tmp_path / "none").exists()
    )


def test_cuts_are_survived(plain: Registry, made: Path, tmp_path: Path) -> None:
    port = int(plain.host.rpartition(":")[2])
    with cutting(port, [2_000_000, 3_000_000]) as proxy:
        client = Client(plain, tmp_path / "cache")
        name = f"127.0.0.1:{proxy.port}/cut/survived:1"
        pushed = client.json("push", made / "one.u2k", name)
    assert pushed["sent"] == pushed["size"]
    client.json("pull", f"{plain.host}/cut/survived:1", "-o", tmp_path / "out.u2k")
    assert (tmp_path / "out.u2k").read_bytes() == (made / "one.u2k").read_bytes()


def test_an_interrupted_push_goes_on(plain: Registry, made: Path, tmp_path: Path) -> None:
    port = int(plain.host.rpartition(":")[2])
    client = Client(plain, tmp_path / "cache")
    with cutting(port, stall=5_500_000) as proxy:
        process = client.start("push", made / "one.u2k", f"127.0.0.1:{proxy.port}/cut/resumed:1")
        assert proxy.stalled.wait(60)
        process.kill()
        assert process.wait() < 0
    assert client.run("pull", f"{plain.host}/cut/resumed:1", "-o", tmp_path / "x").returncode == 4
    with cutting(port) as proxy:
        pushed = client.json("push", made / "one.u2k", f"127.0.0.1:{proxy.port}/cut/resumed:1")
        assert pushed["there"] > 0 and pushed["sent"] > 0
        assert pushed["there"] + pushed["sent"] == pushed["size"]
        assert proxy.total < pushed["sent"] + 100_000
    client.json("pull", f"{plain.host}/cut/resumed:1", "-o", tmp_path / "out.u2k")
    assert (tmp_path / "out.u2k").read_bytes() == (made / "one.u2k").read_bytes()


def test_a_damaged_registry_gives_no_file(made: Path, tmp_path: Path) -> None:
    with running_registry(tmp_path / "registry") as registry:
        client = Client(registry, tmp_path / "cache")
        client.json("push", made / "one.u2k", f"{registry.host}/damaged:1")
        blobs = (tmp_path / "registry/data").glob("**/blobs/sha256/*/*/data")
        largest = max(blobs, key=lambda path: path.stat().st_size)
        data = bytearray(largest.read_bytes())
        data[1000] ^= 1
        largest.write_bytes(data)
        done = client.run("pull", f"{registry.host}/damaged:1", "-o", tmp_path / "out.u2k")
        assert done.returncode == 4 and "wrong digest" in done.stderr
        assert not (tmp_path / "out.u2k").exists()


def test_cosign_signs_the_digest(plain: Registry, made: Path, tmp_path: Path) -> None:
    """A program that says how it was called; what a signature is worth is cosign's affair."""
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "cosign").write_text(
        '#!/bin/sh\necho "$@" > "$(dirname "$0")/called"\nexit ${COSIGN_STATUS:-0}\n'
    )
    (tools / "cosign").chmod(0o755)
    client = Client(plain, tmp_path / "cache")
    path = f"{tools}:{os.environ['PATH']}"
    name = f"{plain.host}/signed:1"
    pushed = client.json("push", made / "one.u2k", name, "--sign", "--key", "my.key", PATH=path)
    expected = f"sign --yes --key my.key {plain.host}/signed@{pushed['digest']}"
    assert (tools / "called").read_text().strip() == expected
    failed = client.run("push", made / "one.u2k", name, "--sign", PATH=path, COSIGN_STATUS="3")
    assert failed.returncode == 1 and "cosign ended with status 3" in failed.stderr
    if shutil.which("cosign") is None:
        without = client.run("push", made / "one.u2k", f"{plain.host}/unsigned:1", "--sign")
        assert without.returncode == 2 and "cosign is not installed" in without.stderr


def test_mistakes(plain: Registry, made: Path, tmp_path: Path) -> None:
    client = Client(plain, tmp_path / "cache")
    text = tmp_path / "text"
    text.write_text("{}")
    for words, status, said in (
        (["push", made / "one.tar", f"{plain.host}/x:1"], 2, "not a unikernel"),
        (["push", made / "one.u2k", f"{plain.host}/x@sha256:{'0' * 64}"], 2, "pushed to a tag"),
        (["push", made / "one.u2k", f"{plain.host}/X:1"], 2, "lower case"),
        (["push", made / "one.u2k", f"{plain.host}/x:1", "--sbom", text], 2, "neither CycloneDX"),
        (["push", made / "one.u2k", f"{plain.host}/x:1", "--key", "k"], 2, "--key is for --sign"),
        (["push", made / "one.u2k", "127.0.0.1:1/x:1"], 4, "refused"),
        (["pull", f"{plain.host}/nothing:1", "-o", tmp_path / "x"], 4, "not found"),
        (["pull", f"{plain.host}/x:1", "-o", made / "one.u2k"], 2, "not overwritten"),
        (["pull", made / "one.tar", "-o", tmp_path / "x"], 3, "no unikernel"),
    ):
        done = client.run(*words)
        assert (done.returncode, said in done.stderr) == (status, True), done.stderr
        assert "Traceback" not in done.stderr
    assert not (tmp_path / "x").exists()
