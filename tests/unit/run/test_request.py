from pathlib import Path

import pytest

from converter.errors import UsageError
from converter.link.manifest import Manifest
from converter.run.memory import default_memory, parse_size
from converter.run.request import RunRequest, boot_tokens, environment_entry


def manifest(
    argv: tuple[str, ...] = ("server", "--port", "1"), kept: int | None = 1, **more: object
) -> Manifest:
    fields: dict[str, object] = {
        "schema": 1, "tool_version": "0", "source_digest": "sha256:0", "target": "vm", "os": "linux",
        "architecture": "amd64", "path": "/bin/server", "argv": argv, "entrypoint_args": kept, "env": (),
        "cwd": "/", "user": (0, 0), "stop_signal": "15", "ports": (), "volumes": (), "syscalls": (),
        "parts": (), "kernel_bytes": 1, "root_bytes": 1,
    }  # fmt: skip
    return Manifest(**(fields | more))  # type: ignore[arg-type]


def tokens(**more: object) -> list[str]:
    return boot_tokens(RunRequest(Path("x"), **({"manifest": manifest()} | more)))[1:]  # type: ignore[arg-type]


def test_nothing_given_leaves_the_boot_record_as_it_is() -> None:
    assert tokens() == []


def test_arguments_replace_cmd_and_keep_entrypoint() -> None:
    assert tokens(args=[b"-x", b"a b"]) == ["u2k.arg=-x", "u2k.arg=a%20b"]


def test_without_entrypoint_the_first_argument_is_the_program() -> None:
    assert tokens(manifest=manifest(kept=0), args=[b"sh", b"-c"]) == [
        "u2k.exec=sh", "u2k.arg=-c",
    ]  # fmt: skip


def test_arguments_of_a_program_that_a_script_chose_cannot_be_replaced() -> None:
    assert tokens(manifest=manifest(kept=None)) == []
    assert tokens(manifest=manifest(kept=None), entrypoint=b"/bin/ls", args=[b"/"])[0] == "u2k.exec=/bin/ls"
    with pytest.raises(UsageError, match="cannot be replaced") as refused:
        tokens(manifest=manifest(kept=None), args=[b"-x"])
    assert "--args" in str(refused.value.hint)


def test_another_entrypoint_drops_cmd() -> None:
    assert tokens(entrypoint=b"/bin/ls", args=[b"/"]) == ["u2k.exec=/bin/ls", "u2k.arg=/"]


@pytest.mark.parametrize("raw", [b"", b'"', b"a\nb", b"\xff\x00"[:1], b"100%", "ü".encode(), b"x=y z"])
def test_any_byte_of_an_argument_survives_the_command_line(raw: bytes) -> None:
    from urllib.parse import unquote_to_bytes

    (token,) = tokens(args=[raw])
    assert not set(token) & set(' "\n')
    assert unquote_to_bytes(token.partition("=")[2]) == raw


def test_environment_entries_follow_docker() -> None:
    assert environment_entry("A=b=c", {}) == b"A=b=c"
    assert environment_entry("A=", {b"A": b"x"}) == b"A="
    assert environment_entry("A", {b"A": b"x"}) == b"A=x"
    assert environment_entry("A", {}) is None
    with pytest.raises(UsageError):
        environment_entry("=x", {})


@pytest.mark.parametrize(
    ("text", "size"), [("1048576", 1 << 20), ("64M", 64 << 20), ("1g", 1 << 30), ("2048KiB", 2 << 20)]
)
def test_sizes(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "M", "-1M", "1.5G", "0", "1x", "9" * 40, "4096", "1023k"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_size(text)


def test_default_memory_holds_kernel_and_root() -> None:
    big = manifest(root_bytes=900 << 20)
    assert default_memory(big) > 900 << 20
    assert default_memory(big) % (1 << 20) == 0


def adapted_tokens(argv: tuple[str, ...], kept: int, *args: bytes, **more: object) -> list[str]:
    made = {
        "name": "nginx", "program": "nginx", "before": [], "add": ["daemon off", "master_process off"],
        "remove": [], "option": "-g", "reason": "", "source": "",
    }  # fmt: skip
    return tokens(manifest=manifest(argv, kept, adaptations=(made,)), args=args, **more)


def test_arguments_that_are_given_are_adapted_as_the_image_s_were() -> None:
    """nginx takes the last -g, so that one given here would undo what the image's own got."""
    both = "daemon%20off%3B%20master_process%20off%3B"
    started = ("nginx", "-g", "daemon off; master_process off;")
    assert adapted_tokens(started, 3) == []
    assert adapted_tokens(started, 3, b"-q") == ["u2k.arg=-q"]
    assert adapted_tokens(started, 3, b"-g", b"daemon off;") == ["u2k.arg=-g", f"u2k.arg={both}"]
    assert adapted_tokens(started, 1, b"-q") == ["u2k.arg=-g", f"u2k.arg={both}", "u2k.arg=-q"]
    assert adapted_tokens(started, 0, b"nginx") == ["u2k.exec=nginx", "u2k.arg=-g", f"u2k.arg={both}"]
    assert adapted_tokens(started, 0, b"sh", b"-g") == ["u2k.exec=sh", "u2k.arg=-g"]
    assert adapted_tokens(started, 3, b"-g", b"x", adapt=False) == ["u2k.arg=-g", "u2k.arg=x"]
    assert adapted_tokens(started, 3, entrypoint=b"/usr/sbin/nginx") == [
        "u2k.exec=/usr/sbin/nginx", "u2k.arg=-g", f"u2k.arg={both}",
    ]  # fmt: skip


@pytest.mark.parametrize(("traps", "said"), [(None, []), (0, ["u2k.fastcalls=0"]), (3, ["u2k.fastcalls=3"])])
def test_fast_calls_are_told_if_they_are_not_as_ever(traps: int | None, said: list[str]) -> None:
    assert tokens(fast_calls=traps) == said
