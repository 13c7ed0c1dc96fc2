"""What every source gives: an image with its configuration and its layers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from converter.image.platform import Platform
from converter.image.tree import Span


@dataclass(frozen=True, slots=True)
class Healthcheck:
    """Docker's HEALTHCHECK (moby image-spec v1.2). Times are in nanoseconds; 0: the default."""

    test: tuple[str, ...]  # ("NONE",), ("CMD", ...) or ("CMD-SHELL", command)
    interval: int = 0
    timeout: int = 0
    start_period: int = 0
    retries: int = 0
    start_interval: int = 0


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One build step (OCI image-spec, config.md, history)."""

    created: str = ""
    created_by: str = ""
    author: str = ""
    comment: str = ""
    empty_layer: bool = False


@dataclass(frozen=True, slots=True)
class ImageConfig:
    """An image's configuration (OCI image-spec, config.md; and Docker's additions to it)."""

    architecture: str
    os: str
    variant: str | None = None
    entrypoint: tuple[str, ...] = ()
    cmd: tuple[str, ...] = ()
    env: tuple[str, ...] = ()  # NAME=value, in order
    user: str = ""
    working_dir: str = ""
    exposed_ports: tuple[str, ...] = ()  # 80/tcp
    volumes: tuple[str, ...] = ()
    stop_signal: str = ""
    healthcheck: Healthcheck | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    shell: tuple[str, ...] = ()
    history: tuple[HistoryEntry, ...] = ()
    diff_ids: tuple[str, ...] = ()  # rootfs.diff_ids
    created: str = ""

    @property
    def platform(self) -> Platform:
        return Platform(self.os, self.architecture, self.variant)


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer: what the manifest says of it, and where its bytes are.

    `open` gives the blob as stored (compressed or not); the stream checks size and digest.
    `plain` is where the blob lies in a local file that stays, if it does: an uncompressed layer
    is read there and not copied.
    """

    index: int
    digest: str  # of the blob; of the plain tar where the source knows no other
    size: int  # of the blob, in bytes
    media_type: str
    diff_id: str  # digest of the plain tar
    created_by: str
    open: Callable[[], BinaryIO] = field(repr=False, compare=False)
    plain: Span | None = field(default=None, repr=False, compare=False)

    @property
    def name(self) -> str:
        """How errors call it."""
        return f"layer {self.index + 1} ({self.digest[:19]})"


@dataclass(frozen=True, slots=True)
class Image:
    """An image for one platform, from whatever source; contents are fetched when asked for."""

    reference: str  # as the user would write it
    digest: str  # of the manifest; of the configuration where there is no manifest (docker save)
    manifest: Mapping[str, Any] = field(repr=False)
    config: ImageConfig = field(repr=False)
    layers: tuple[Layer, ...] = field(repr=False)
    raw_config: bytes = field(repr=False, default=b"")
