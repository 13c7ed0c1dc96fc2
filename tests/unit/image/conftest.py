"""What the image tests share: a cache of their own, and trees made of layers in memory."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from converter.image import BlobCache, FileTree, file_tree, open_image
from tests.builders import oci

TreeOf = Callable[..., FileTree]


@pytest.fixture
def cache(tmp_path: Path) -> BlobCache:
    return BlobCache(tmp_path / "cache")


@pytest.fixture
def tree_of(tmp_path: Path, cache: BlobCache) -> TreeOf:
    """The file tree of layers, each given as plain tar bytes, through an OCI archive."""

    def tree(*layers: bytes, **options: Any) -> FileTree:
        archive = oci.write_tar(tmp_path / "image.tar", oci.simple_layout(layers, **options))
        return file_tree(open_image(str(archive), cache=cache), cache)

    return tree
