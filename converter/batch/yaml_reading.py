"""YAML as values that know their line, within limits: a batch file may come from anybody.

PyYAML makes only the tree of nodes here, no values; that is walked with a budget. So an alias to an alias to
an alias (a "billion laughs") comes to its end soon.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import yaml

from converter.errors import UsageError

MAX_BYTES = 1 << 20
_NODES_MAX = 200_000  # visited; an alias counts each time
_DEPTH_MAX = 6
_BOOLEAN, _NULL = "tag:yaml.org,2002:bool", "tag:yaml.org,2002:null"
_KNOWN = {
    f"tag:yaml.org,2002:{name}" for name in "bool null int float str timestamp value merge seq map".split()
}
_TRUE = ("true", "yes", "on")  # YAML 1.1, as PyYAML reads it


@dataclass(frozen=True, slots=True)
class Value:
    """A node. of: what it is, a mapping with the lines of its names; line: from 1; text: as it is written."""

    of: str | bool | list[Value] | dict[str, tuple[int, Value]] | None
    line: int
    text: str = ""


def read_yaml(text: str, where: str) -> Value:
    """The document. UsageError with the line for what is no YAML, for tags, and beyond the limits."""
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = 1 if mark is None else mark.line + 1
        raise wrong(where, line, f"not YAML: {error.problem or error.context}") from error
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise wrong(where, line, f"not YAML: a character that is not allowed ({error.reason})") from error
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise wrong(where, 1, f"not YAML: {str(error)[:200]}") from error
    if node is None:
        return Value(None, 1)
    return _Walk(where).value(node, 0)


def wrong(where: str, line: int, what: str, hint: str | None = None) -> UsageError:
    """The error for a line of a file."""
    return UsageError(
        what, where=f"{where}, line {line}", hint=hint or "docs/reference/batch-file.md says it all"
    )


class _Walk:
    def __init__(self, where: str) -> None:
        self._where = where
        self._left = _NODES_MAX

    def value(self, node: yaml.Node, depth: int) -> Value:
        line = node.start_mark.line + 1
        self._left -= 1
        if self._left < 0 or depth > _DEPTH_MAX:
            what = "too deep" if self._left >= 0 else f"more than {_NODES_MAX} values, with those of aliases"
            raise wrong(self._where, line, what)
        if node.tag not in _KNOWN:
            raise wrong(self._where, line, f"the tag {node.tag[:60]} means nothing here")
        if isinstance(node, yaml.ScalarNode):
            if node.tag == _BOOLEAN:
                return Value(node.value.lower() in _TRUE, line, node.value)
            return Value(None if node.tag == _NULL else node.value, line, node.value)
        if isinstance(node, yaml.SequenceNode):
            return Value([self.value(each, depth + 1) for each in node.value], line)
        if not isinstance(node, yaml.MappingNode):
            raise wrong(self._where, line, "neither text, list nor mapping")
        return Value(dict(self._entries(node, depth)), line)

    def _entries(self, node: yaml.MappingNode, depth: int) -> Iterator[tuple[str, tuple[int, Value]]]:
        seen = set()
        for key, value in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                raise wrong(self._where, line, "a name was expected")
            if key.value == "<<":
                raise wrong(
                    self._where, line, "<< is not read", "what all have in common goes below `defaults:`"
                )
            if key.value in seen:
                raise wrong(self._where, line, f"{key.value!r} is there twice")
            seen.add(key.value)
            yield key.value, (line, self.value(value, depth + 1))
