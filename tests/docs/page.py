"""python -m tests.docs.page PAGE WORK: run a page's commands; status 1, with the reason, if one is wrong.

PAGE:  a Markdown file
WORK:  a folder that all pages of a test run share: the registry's data, and the cache of u2k

For namespaces of its own (test_pages.py), in which ports are free and nothing goes on when it has ended.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from converter.cache.folder import default_root
from fixtures.push import push
from tests.builders.docker_registry import docker_registry
from tests.builders.dockerd import docker_engine
from tests.docs.images import IMAGES, archive
from tests.docs.pages import commands_of
from tests.docs.shell import Shell, WrongPageError, follow

_ROOT = Path(__file__).resolve().parents[2]
ISOLATED = "U2K_DOCS_ISOLATED"  # set where there are such namespaces
_SECONDS = 60  # that one command may take, on a busy machine
_MADE_ONCE = ("libos", "zig", "loaders")  # of the cache: what is compiled, whatever is converted
_HOSTS = ("docker.io", "localhost:5000", "registry.example")


def environment(home: Path, work: Path, registry: str) -> dict[str, str]:
    """Of somebody who has u2k, and a registry that has all images."""
    cache = work / "cache"
    for name in _MADE_ONCE:
        (default_root() / name).mkdir(parents=True, exist_ok=True)
        if not (cache / name).is_symlink():
            cache.mkdir(exist_ok=True)
            with contextlib.suppress(FileExistsError):
                (cache / name).symlink_to(default_root() / name)
    rules = [
        f'[[registry]]\nprefix = "{host}"\nlocation = "{registry}"\ninsecure = true\n' for host in _HOSTS
    ]
    (home / "registries.toml").write_text("\n".join(rules))
    bin_folder = home / "bin"
    bin_folder.mkdir()
    for name, words in {"u2k": "-P -m converter", "python3": ""}.items():
        (bin_folder / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {words} "$@"\n')
        (bin_folder / name).chmod(0o755)
    return {
        "HOME": str(home),
        "PATH": f"{bin_folder}:{os.environ['PATH']}",
        "PYTHONPATH": str(_ROOT),
        "LANG": "C.UTF-8",
        "U2K_CACHE_DIR": str(cache),
        "U2K_REGISTRIES": str(home / "registries.toml"),
    }


@contextlib.contextmanager
def engine(wanted: bool, registry: str, home: Path) -> Iterator[Mapping[str, str]]:
    """Variables for a Docker engine that has Docker Hub's images from the registry; none if not wanted."""
    if not wanted:
        yield {}
        return
    with docker_engine(f"--registry-mirror=http://{registry}") as started:
        yield {"DOCKER_HOST": started.address, "DOCKER_CONFIG": str(home / ".docker")}


def fill(registry: str, work: Path) -> None:
    """Push every image, once in a test run: the registry's data stay."""
    with (work / "lock").open("w") as lock, tempfile.TemporaryDirectory() as folder:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if (work / "filled").exists():
            return
        for name, named in IMAGES.items():
            push(archive(named, Path(folder) / "image.tar"), f"{registry}/{name.partition('/')[2]}")
        (work / "filled").touch()


def run_page(page: Path, work: Path) -> None:
    """WrongPageError for the first command that does not do what the page says."""
    commands = commands_of(page)
    docker = any("docker " in command.text for command in commands)
    with (
        tempfile.TemporaryDirectory(prefix="u2k-docs-") as folder,
        docker_registry(work / "registry", port=5000 if os.environ.get(ISOLATED) else 0) as started,
    ):
        registry = started.host
        fill(registry, work)
        home, empty = Path(folder) / "home", Path(folder) / "empty"
        home.mkdir()
        empty.mkdir()
        with engine(docker, registry, home) as variables:
            shell = Shell(empty, environment(home, work, registry) | variables)
            try:
                follow(shell, commands, _SECONDS)
            finally:
                shell.close()


def isolate() -> None:
    """A loopback of one's own."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)


def main() -> int:
    if os.environ.get(ISOLATED):
        isolate()
    try:
        run_page(Path(sys.argv[1]), Path(sys.argv[2]))
    except WrongPageError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
