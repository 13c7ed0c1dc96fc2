"""The data of families: well-formed, reviewed, and a clear error for what the format does not have."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import converter
from converter.analyze.libraries.family import Condition, Family, all_families, parse_families
from converter.analyze.libraries.readers.registry import READERS
from converter.image.glob import whole_path

_DATA = Path(converter.__file__).parent / "analyze/data/libraries"
_GOOD = '[[family]]\nname = "a"\nsource = "a(1)"\nnames = ["liba.so"]\n[[family.when]]\ncalled = ["f"]\n'


def test_every_family_is_complete_and_named_once() -> None:
    families = all_families()
    names = [family.name for family in families]
    assert len(names) == len(set(names)) > 50
    for family in families:
        does = (family.names, family.objects, family.beside, family.files, family.reader, family.explains)
        assert any(does), family.name
        for pattern in (*family.objects, *family.files, *(p for c in family.when for p in c.there)):
            assert pattern.startswith("/"), family.name
            whole_path([pattern.encode()])


def test_readers_are_all_there_and_all_used() -> None:
    used = {family.reader.partition(":")[0] for family in all_families() if family.reader}
    assert used == set(READERS)


def test_the_documentation_knows_every_key() -> None:
    described = set(re.findall(r"`(?:when\.)?(\w+)` \|", (_DATA / "README.md").read_text()))
    fields = {*Family.__dataclass_fields__, *Condition.__dataclass_fields__} - {"when"}
    assert fields <= described


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("called", "caled"), "caled"),
        (('["f"]', "[]"), "called"),
        (('["f"]', '"f"'), "called"),
        (('source = "a(1)"\n', ""), "name and source"),
        (('"a(1)"', '""'), "source"),
        (("[[family.when]]", "[[family.wen]]"), "when"),
        (("[[family]]", "[[families]]"), "only"),
        (('["liba.so"]', "[1]"), "names"),
        (('["liba.so"]', "true"), "names"),
    ],
)
def test_what_the_format_does_not_have(change: tuple[str, str], message: str) -> None:
    assert [family.names for family in parse_families(_GOOD, "x.toml")] == [("liba.so",)]
    with pytest.raises(ValueError, match=message) as caught:
        parse_families(_GOOD.replace(*change), "x.toml")
    assert "x.toml" in str(caught.value) or "families" in str(caught.value)
