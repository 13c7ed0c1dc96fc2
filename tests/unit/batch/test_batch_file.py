"""What a batch file may say, and how it is told what is wrong with it: with the line."""

from __future__ import annotations

from pathlib import Path

import pytest

from converter.batch.batch_file import parse_batch, read_batch
from converter.batch.options import OPTIONS, options_of
from converter.errors import UsageError
from converter.options import Options


def test_one_reference_a_line() -> None:
    text = "# servers\nredis:7\n\n  nginx:1   # the proxy\nregistry.example/a@sha256:" + "0" * 64 + "\n"
    tasks = parse_batch(text, "f")
    assert [(task.number, task.line, task.image, task.output) for task in tasks] == [
        (1, 2, "redis:7", "redis-7.u2k"),
        (2, 4, "nginx:1", "nginx-1.u2k"),
        (3, 5, "registry.example/a@sha256:" + "0" * 64, "a.u2k"),
    ]


def test_a_list_with_options() -> None:
    text = """
- redis:7
- image: nginx:1
  output: web/proxy.u2k
  env: {PORT: 8080, DEBUG: yes}
  args: -c 'daemon off;'
  keep: /etc/ssl
  strict: true
  add-syscall: [read]
- image: busybox
  platform: linux/amd64
  env: [A=b c]
  target: process
"""
    redis, nginx, busybox = parse_batch(text, "f")
    assert redis.settings == {}
    assert (nginx.output, nginx.line) == ("web/proxy.u2k", 3)
    assert options_of(nginx.settings) == Options(
        env=("PORT=8080", "DEBUG=yes"),
        args=("-c", "daemon off;"),
        keep=("/etc/ssl",),
        form="strict",
        add_syscalls=("read",),
    )
    assert options_of(busybox.settings) == Options(env=("A=b c",), target="process")


def test_defaults_are_for_all_and_give_way() -> None:
    text = "defaults:\n  target: process\n  files: all\nimages:\n- a:1\n- {image: b:1, files: slim}\n"
    first, second = parse_batch(text, "f")
    assert first.settings == {"target": "process", "files": "all"}
    assert second.settings == {"target": "process", "files": "slim"}


def test_aliases_are_read() -> None:
    text = "- image: a:1\n  env: &e [A=b]\n- image: b:1\n  env: *e\n"
    assert [task.settings["env"] for task in parse_batch(text, "f")] == [["A=b"], ["A=b"]]


def test_a_key_says_what_is_asked_for() -> None:
    first, second = parse_batch("- a:1\n- b:1\n", "f")
    (moved,) = parse_batch("\n\n- b:1\n", "f")
    assert moved.key == second.key != first.key
    (other,) = parse_batch("- {image: b:1, files: all}\n", "f")
    assert other.key != second.key


BOMB = "- &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"- &{chr(97 + at)} [{', '.join(['*' + chr(96 + at)] * 9)}]\n" for at in range(1, 9)
)
MANY = "defaults: {keep: &k [" + "/x, " * 5000 + "]}\nimages:\n" + "- {image: a, keep: *k}\n" * 50


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("- a: [\n", 2, "not YAML"),
        ("- image: a\n  imag: b\n", 2, "no option 'imag'"),
        ("- image: a\n- output: b.u2k\n", 2, "`image:` is missing"),
        ("- image: a\n  image: b\n", 2, "there twice"),
        ("- image: a\n  files: some\n", 2, "none of: slim, strict, all"),
        ("- image: a\n  strict: 7\n", 2, "true or false"),
        ("- image: a\n  env: [B]\n", 2, "sets no variable"),
        ("- image: a\n  env: {B: [c]}\n", 2, "text was expected"),
        ('- image: a\n  args: "\'"\n', 2, "quote it"),
        ("- image: [a]\n", 1, "a reference was expected"),
        ("- a\n-\n", 2, "an image was expected"),
        ("- a\n- [b]\n", 2, "an image was expected"),
        ("- a\n- --output=x\n", 2, "names no image"),
        ("- image: a\n  output: /etc/passwd\n", 2, "inside the folder"),
        ("- image: a\n  push: A B\n", 2, "A B"),
        ("- image: a\n  sbom: ../x\n", 2, "inside the folder"),
        ("- image: a\n  output: ''\n", 2, "inside the folder"),
        ("- x/a:1\n- y/a:1\n", 2, "would be written for line 1 as well"),
        ("- image: a\n  add-part: [nonsense]\n", 1, "no part 'nonsense'"),
        ("- {image: a, strict: true, full: true}\n", 1, "exclude"),
        ("- {image: a, platform: windows}\n", 1, "windows"),
        ("defaults: [a]\nimages: [b]\n", 1, "options were expected"),
        ("defaults: {sbom: x}\nimages: [b]\n", 1, "cannot be for all"),
        ("images: b\n", 1, "a list of images"),
        ("images: []\nmore: 1\n", 2, "neither"),
        ("- image: a\n  <<: {files: all}\n", 2, "<< is not read"),
        ("- !!python/object/apply:os.system [id]\n", 1, "means nothing here"),
        ("- !include x\n", 1, "means nothing here"),
        ("- &a [*a]\n", 1, "too deep"),
        ("- a: \x01\n", 1, "not allowed"),
        ("- {{a: b}: c}\n", 1, "a name was expected"),
        (BOMB, 1, ""),
        (MANY, 3, "with those of aliases"),
        ("[" * 3000, 1, ""),
        ("[" * 20 + "]" * 20, 1, "too deep"),
    ],
)
def test_what_makes_no_sense_is_said_with_its_line(text: str, line: int, says: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_batch(text, "f.yaml")
    assert says in caught.value.what
    where = str(caught.value.where)
    assert where.startswith("f.yaml, line ")
    if says and text is not MANY:
        assert where == f"f.yaml, line {line}"
    assert caught.value.hint


def test_a_file_that_is_none(tmp_path: Path) -> None:
    for data, says in (
        (b"\xff\xfe", "not UTF-8"),
        (b"", "no image"),
        (b"#\n", "no image"),
        (b"a\n" * 600_000, "longer"),
    ):
        (tmp_path / "f").write_bytes(data)
        with pytest.raises(UsageError, match=says):
            read_batch(str(tmp_path / "f"))
    with pytest.raises(UsageError, match="cannot be read"):
        read_batch(str(tmp_path / "none"))
    (tmp_path / "f").write_bytes("\N{BYTE ORDER MARK}a:1\r\nb:1\r\n".encode())
    assert [task.image for task in read_batch(str(tmp_path / "f"))] == ["a:1", "b:1"]


def test_every_option_of_convert_has_its_place() -> None:
    """A new option of `u2k convert` that decides the result belongs here, too."""
    import inspect

    from converter.cli.convert import command

    own = {name.replace("_", "-") for name in inspect.signature(command).parameters}
    renamed = {"profiles": "profile", "form-name": "format"}
    elsewhere = {
        "image", "output", "force", "as-json", "verbose", "no-cache",  # of the batch, or of each image
        "trace", "probes", "exercises", "trace-seconds",  # one image at a time, watched
    }  # fmt: skip
    assert {renamed.get(name, name) for name in own} - elsewhere == set(OPTIONS) - {"push", "requires"}
