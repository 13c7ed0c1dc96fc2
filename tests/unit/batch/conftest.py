"""Small images, whose conversion takes half a second, and a cache of their own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from converter.cache.folder import cache_folder
from tests.builders import elves, oci

LAYER = oci.layer(
    oci.file("bin/app", elves.elf(kind=elves.EXEC), mode=0o755), oci.file("etc/app.conf", b"x" * 100)
)
MakeImage = Callable[..., str]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What is compiled is everybody's."""
    compiled, cache = cache_folder("libos"), tmp_path / "cache"
    cache.mkdir()
    (cache / "libos").symlink_to(compiled)
    monkeypatch.setenv("U2K_CACHE_DIR", str(cache))
    return cache


@pytest.fixture
def make_image(tmp_path: Path) -> MakeImage:
    """An archive `NAME.tar`; `run` is its configuration (Cmd, Env ...)."""

    def made(name: str, **run: Any) -> str:
        settings = {"Cmd": ["/bin/app"], "Env": [f"NAME={name}"], **run}
        return str(oci.write_tar(tmp_path / f"{name}.tar", oci.simple_layout([LAYER], run=settings)))

    return made
