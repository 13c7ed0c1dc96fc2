"""Words of `u2k build`, taken apart."""

from __future__ import annotations

from pathlib import Path

import pytest

from converter.cli.build import convert_verb, long_options
from converter.image_build.words import BuildWords, name_of, separate

OURS = long_options(convert_verb())


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (".", BuildWords("auto", (".",), ())),
        ("-t a:1 -f F .", BuildWords("auto", ("-t", "a:1", "-f", "F", "."), ())),
        (". -- -o x.u2k -f", BuildWords("auto", (".",), ("-o", "x.u2k", "-f"))),
        ("--keep /x --build-arg A=1 .", BuildWords("auto", ("--build-arg", "A=1", "."), ("--keep", "/x"))),
        ("--keep=/x --strict .", BuildWords("auto", (".",), ("--keep=/x", "--strict"))),
        (
            "--target stage . -- --target vm",
            BuildWords("auto", ("--target", "stage", "."), ("--target", "vm")),
        ),
        (
            "--platform linux/amd64 .",
            BuildWords("auto", ("--platform", "linux/amd64", "."), ("--platform", "linux/amd64")),
        ),
        (
            "--platform=linux/amd64 .",
            BuildWords("auto", ("--platform=linux/amd64", "."), ("--platform=linux/amd64",)),
        ),
        ("--engine podman .", BuildWords("podman", (".",), ())),
        ("--engine=buildah . -- -v", BuildWords("buildah", (".",), ("-v",))),
        ("--sbom=true .", BuildWords("auto", ("--sbom=true", "."), ())),
        ("--keep", BuildWords("auto", (), ("--keep",))),
        ("", BuildWords("auto", (), ())),
    ],
)
def test_each_side_gets_its_own(line: str, expected: BuildWords) -> None:
    assert separate(line.split(), OURS) == expected


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("-t app:1 .", "app:1"),
        ("-tapp:1 .", "app:1"),
        ("--tag=r/app:1 -t other .", "r/app:1"),
        (". --tag app", "app"),
        ("sub --no-cache", "sub"),
        ("--build-arg A=1 sub", "sub"),
        (".", "here"),
        ("https://example.org/x.git", "here"),
    ],
)
def test_what_the_result_is_called(
    line: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here/sub").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "here")
    assert name_of(line.split()) == name
