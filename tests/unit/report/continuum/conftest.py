"""A continuum without an image: figures made up, of every kind that there is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from converter.report.contents import Contents
from converter.report.continuum.model import (
    Continuum,
    Cut,
    Figures,
    Measured,
    PackageSize,
    PartSize,
    Stop,
)
from converter.rootfs.reason import Reason, ReasonTotal

_WHOLE = Contents(90 << 20, 4000, 3000, 700, 300, 390, 95, 2, 11)
_SLIM = Contents(20 << 20, 800, 500, 20, 1, 19, 22, 0, 0)


def _stop(name: str, title: str, figures: Figures, measured: Measured | None, why: str = "") -> Stop:
    return Stop(name, title, "here" if measured else "", "its own", figures, measured, why)


@pytest.fixture
def made_up() -> Callable[..., Continuum]:
    """A whole continuum; `fields` replace its own."""

    def continuum(**fields: Any) -> Continuum:
        found = Continuum(
            reference="docker.io/library/redis:7",
            digest="sha256:" + "0" * 64,
            tool_version="1",
            program="redis-server",
            question="a question",
            job=False,
            runs=3,
            host="Linux",
            stops=(
                _stop("container", "Container", Figures(90 << 20, 33 << 20, _WHOLE, 309, 19 << 20),
                      Measured((0.25, 0.2, 0.4), (12 << 20, 13 << 20, 12 << 20))),
                _stop("slim", "Slim container", Figures(20 << 20, 8 << 20, _SLIM, 139, 19 << 20),
                      Measured((0.2,), ())),
                _stop("process", "Unikernel, process", Figures(21 << 20, 8 << 20, _SLIM, 120, 250_000),
                      Measured((0.017, 0.018), (14 << 20, 14 << 20))),
                _stop("vm", "Unikernel, machine", Figures(21 << 20, 8 << 20, _SLIM, 120, 245_000), None,
                      "no QEMU"),
            ),
            parts=(
                PartSize("tcp", "net", 37_000, ("socket", "another")), PartSize("core", "core", 32_000, ()),
            ),
            packages=(PackageSize("libc6", 3 << 20, 5), PackageSize("", 100, 1)),
            sections=(("library OS", 260_000), ("files of the image", 20 << 20), ("rest", 100_000)),
            calls=("read", "write"),
            cut=Cut((ReasonTotal(Reason.PROGRAM, 360, 31 << 20),), ("bash", "perl"), ("mount", "ptrace")),
            commands=(("this page", "u2k continuum redis:7"), ("", "docker load -i slim.tar")),
        )  # fmt: skip
        return replace(found, **fields)

    return continuum
