"""What shows that a program computes on a GPU."""

from __future__ import annotations

import pytest

from converter.profile.model import Evidence
from tests.unit.analyze.refusal.facts import APP, needs, passing, program, seen

NEED = "a GPU"


def wanted(library: str, by: str) -> Evidence:
    return Evidence("static", by, f"DT_NEEDED {library}")


@pytest.mark.parametrize(
    ("library", "by", "refused"),
    [
        ("libcuda.so.1", APP, True),
        ("libcuda.so.1", "/lib/libx.so", True),
        ("libnvidia-ml.so.1", "/lib/libx.so", True),
        ("libcudart.so.12", APP, True),
        ("libcudart.so.12", "/lib/libtorch.so", False),
        ("libOpenCL.so.1", APP, True),
        ("libOpenCL.so.1", "/lib/libavutil.so.57", False),
        ("libcudas.so", APP, False),
        ("libGL.so.1", APP, False),
    ],
)
def test_libraries(library: str, by: str, refused: bool) -> None:
    found = needs(libraries={f"/lib/{library}": [wanted(library, by)]})
    assert (NEED in found) is refused
    if refused:
        assert found[NEED].evidence == (wanted(library, by),)


def test_a_library_that_is_only_looked_for() -> None:
    by_name = Evidence("static", APP, "dlopen of libOpenCL.so.1")
    assert needs(libraries={"/lib/libOpenCL.so.1": [by_name]}) == {}
    assert NEED in needs(libraries={"/lib/libOpenCL.so.1": [by_name, seen()]})


@pytest.mark.parametrize(
    ("path", "refused"),
    [
        ("/dev/nvidia0", True),
        ("/dev/dri/renderD128", True),
        ("/dev/kfd", True),
        ("/dev/driver", False),
        ("/dev/null", False),
    ],
)
def test_devices(path: str, refused: bool) -> None:
    opens = passing("main to __open <- _start <- entry point")
    assert (NEED in needs(arguments={"open.path": {path: [opens]}})) is refused
    assert (NEED in needs(arguments={"open.path": {path: [seen("openat")]}})) is refused
    text = Evidence("static", APP, "it holds the path as a text")
    assert needs(arguments={"open.path": {path: [text]}}) == {}
    assert needs(arguments={"open.path": {path: [passing(source="/lib/libdrm.so.2")]}}) == {}


@pytest.mark.parametrize(
    ("value", "refused"), [("all", True), ("0,1", True), ("", False), ("void", False), ("none", False)]
)
def test_the_images_environment(value: str, refused: bool) -> None:
    found = needs(program(env=(f"NVIDIA_VISIBLE_DEVICES={value}",)))
    assert (NEED in found) is refused
    if refused:
        assert "-e NVIDIA_VISIBLE_DEVICES=void" in found[NEED].hint


def test_capabilities_alone_ask_for_none() -> None:
    assert needs(program(env=("NVIDIA_DRIVER_CAPABILITIES=compute",))) == {}
