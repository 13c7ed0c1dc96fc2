"""The runner of documented commands fails for a page that is wrong, and says where."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.pages import Block, Command, blocks, commands, commands_of
from tests.docs.shell import Shell, WrongPageError, follow, matches


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    made = Shell(tmp_path, {"PATH": os.environ["PATH"]})
    yield made
    made.close()


def run_text(shell: Shell, folder: Path, text: str, seconds: float = 30) -> None:
    page = folder / "page.md"
    page.write_text(text)
    follow(shell, commands_of(page), seconds)


RIGHT = """\
```console
$ cd /tmp && where=here
$ echo $where; pwd
here
/tmp
$ cat <<end
> one
> two
> end
one
...
$ echo to standard error >&2
to ... error
$ printf 'no end of line'
no end of line
```

```console status=3
$ sh -c 'exit 3'
```

```text
$ this-is-not-run
```
"""


def test_a_right_page(shell: Shell, tmp_path: Path) -> None:
    run_text(shell, tmp_path, RIGHT)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("```console\n$ u2k-that-is-not-there\n```\n", "line 2: .*\nits status is 127, not 0"),
        ("```console\n$ true\n$ false\n```\n", "line 3: .*\nits status is 1, not 0"),
        ("```console\n$ echo a\nb\n```\n", "does not say"),
        ("```console\n$ echo a\na\nb\n```\n", "does not say"),
        ("```console\n$ printf 'a\\nb\\n'\na\n```\n", "does not say"),
        ("```console\n$ true\nsomething\n```\n", "does not say"),
        ("```console\n$ echo 'open\n```\n", "status is 2"),
        ("```console\n$ exit 0\n```\n", "ended the shell"),
        ("```console status=3\n$ true\n```\n", "its status is 0, not 3"),
        ("```console\n$ cat\n$ false\n```\n", "line 3"),
    ],
)
def test_a_wrong_page(shell: Shell, tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(WrongPageError, match=said):
        run_text(shell, tmp_path, text)


def test_a_command_that_does_not_end(shell: Shell, tmp_path: Path) -> None:
    with pytest.raises(WrongPageError, match="did not end"):
        run_text(shell, tmp_path, "```console\n$ echo begun; sleep 60\n```\n", seconds=0.5)


@pytest.mark.parametrize(
    ("expected", "said", "right"),
    [
        (["a...z"], "a to z\n", True),
        (["..."], "", True),
        (["a", "...", "z"], "a\nz\n", True),
        (["a", "...", "z"], "a\nb\nc\nz\n", True),
        (["a", "...", "z"], "a\nb\n", False),
        (["a"], "a  \n", True),
        (["a.c"], "abc\n", False),
        (["a...z"], "a\nz\n", False),
    ],
)
def test_dots_stand_for_anything(expected: list[str], said: str, right: bool) -> None:
    assert matches(expected, said) is right


def test_blocks_are_found() -> None:
    text = "text\n\n    u2k convert x\n\n- item\n\n  ```console\n  $ ls\n  ```\n\n```\n$ not run\n```\n"
    found = list(blocks(text))
    assert [(block.runs, block.shows_commands) for block in found] == [
        (False, True),
        (True, True),
        (False, True),
    ]
    assert commands(found[1]) == [Command(8, "ls")]


def test_output_without_a_command_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="belongs to no command"):
        commands(Block(1, "console", ("output",)))
