"""What docs/reference/refusals.md says of the larger set of images is so; U2K_CORPUS is its folder."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from converter.profiling import profile_image, unsupported


def documented() -> list[tuple[str, set[str]]]:
    """The table of docs/reference/refusals.md: image and what it needs, nothing for one that is converted."""
    page = (
        (Path(__file__).parents[2] / "docs/reference/refusals.md").read_text().partition("## The corpus")[2]
    )
    found: dict[str, set[str]] = {}
    for name, need in re.findall(r"^\| ([\w-]+) \| `.*?` \| (.*?) \|", page, re.MULTILINE):
        found.setdefault(name, set()).update({need} - {"converted"})
    return sorted(found.items())


@pytest.mark.skipif(not os.environ.get("U2K_CORPUS"), reason="U2K_CORPUS does not say where the corpus is")
@pytest.mark.parametrize(
    ("name", "expected"), documented(), ids=lambda value: value if isinstance(value, str) else ""
)
def test_the_corpus(name: str, expected: set[str]) -> None:
    archive = Path(os.environ["U2K_CORPUS"]) / f"{name}.oci.tar"
    if not archive.exists():
        pytest.skip(f"there is no {archive}")
    found = unsupported(profile_image(str(archive)))
    assert {each.need for each in found} == expected
    assert all(each.evidence for each in found)
