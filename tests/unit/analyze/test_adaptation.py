"""Programs get their own option by which they are one process; only those that know it, and nobody else's."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path
from typing import Any

import pytest

from converter.analyze.adaptation import Adaptation, adapted, as_recorded, recorded
from converter.analyze.entrypoint import Resolution
from tests.builders.trees import program as executable
from tests.builders.trees import regular
from tests.unit.analyze.entrypoint.images import NOTHING, resolved
from tests.unit.analyze.refusal.facts import needs, program

DATA = Path(__file__).parents[3] / "converter/analyze/data/adaptations.toml"
TEXTS = {
    "nginx": b"nginx version: nginx/1.22.1\n  -g directives : set global directives out of",
    "apache2": b"Apache/2.4.57\0  -X                 : debug mode (only one worker, do not detach)",
    "haproxy": b"HAProxy version %s\n -db only disables background mode.\n -W master-worker mode.",
}
CONF = "/etc/nginx/nginx.conf"


def entries(name: str, conf: str) -> dict[str, Any]:
    found = {f"/bin/{name}": executable(NOTHING + TEXTS.get(name, b""))}
    return found | ({CONF: regular(conf.encode())} if conf else {})


def image(line: str, conf: str = "") -> Resolution:
    argv = shlex.split(line)
    return program(*argv, files=entries(argv[0], conf))


def line_of(found: Resolution) -> str:
    return shlex.join(word.decode() for word in found.program.argv)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("nginx -g 'daemon off;'", "nginx -g 'daemon off; master_process off;'"),
        ("nginx", "nginx -g 'daemon off; master_process off;'"),
        ("nginx -e stderr", "nginx -g 'daemon off; master_process off;' -e stderr"),
        ("nginx -g 'user x;' -q", "nginx -g 'user x; daemon off; master_process off;' -q"),
        ("nginx -g 'daemon  off ; pid /x;'", "nginx -g 'daemon  off ; pid /x; master_process off;'"),
        ("nginx -g 'a b;' -g 'daemon off;'", "nginx -g 'a b;' -g 'daemon off; master_process off;'"),
        ("apache2 -DFOREGROUND", "apache2 -X -DFOREGROUND"),
        ("apache2 -k start -DFOREGROUND", "apache2 -X -k start -DFOREGROUND"),
        ("haproxy -W -db -f /x.cfg", "haproxy -db -f /x.cfg"),
        ("haproxy -Ws -f /x.cfg", "haproxy -db -f /x.cfg"),
    ],
)
def test_command_lines(before: str, after: str) -> None:
    found, made = adapted(image(before))
    assert line_of(found) == after
    assert made is not None and shlex.join(word.decode() for word in made.before) == before
    assert "--no-adapt" in found.reasons[-1] and after in found.reasons[-1]
    again, nothing = adapted(found)
    assert nothing is None and again is found
    assert made.applied(made.applied(made.before)) == made.applied(made.before)
    assert needs(found) == {}
    assert needs(image(before)).keys() <= {"more than one process"}


@pytest.mark.parametrize(
    "line",
    [
        "nginx -t", "nginx -V", "nginx -s stop", "nginx -qt", "nginx -g 'daemon on;'",
        "nginx -g 'daemon off; master_process on;'", "nginx -g 'daemon off; master_process off;'",
        "apache2 -X", "apache2 -v", "apache2 -k stop", "haproxy -f /x.cfg", "haproxy -W -c", "server",
    ],
)  # fmt: skip
def test_what_is_left_as_it_is(line: str) -> None:
    found, made = adapted(image(line))
    assert made is None and line_of(found) == line


@pytest.mark.parametrize(
    ("conf", "after"),
    [
        ("daemon off;\nevents {}", "nginx -g 'master_process off;'"),
        ("# daemon off;\nevents {}", "nginx -g 'daemon off; master_process off;'"),
        ("events {} master_process off;daemon off;", "nginx"),
        ("master_process on;", "nginx"),
        ("daemon on;", "nginx"),
        ("daemonize off; x_daemon off;", "nginx -g 'daemon off; master_process off;'"),
    ],
)
def test_the_configuration_may_say_it_already_or_forbid_it(conf: str, after: str) -> None:
    assert line_of(adapted(image("nginx", conf))[0]) == after


def test_another_configuration() -> None:
    files = entries("nginx", "daemon off;") | {"/x.conf": regular(b"master_process off;")}
    found, _ = adapted(program("nginx", "-c", "/x.conf", files=files))
    assert line_of(found) == "nginx -g 'daemon off;' -c /x.conf"


def test_a_name_is_not_enough() -> None:
    for name, text in TEXTS.items():
        for part in (b"", text[:12], text[12:]):
            found = program(name, "-W", files={f"/bin/{name}": executable(NOTHING + part)})
            assert adapted(found)[1] is None
    other = program("web", files={"/bin/web": executable(NOTHING + TEXTS["nginx"])})
    assert adapted(other)[1] is None


def test_what_a_script_starts_is_adapted() -> None:
    script = resolved('exec "$@"', cmd=("nginx", "-g", "daemon off;"), files=entries("nginx", ""))
    found, _ = adapted(script)
    assert (found.decided_by, line_of(found)) == ("script", "nginx -g 'daemon off; master_process off;'")


@pytest.mark.parametrize(
    ("line", "stays", "kept"),
    [
        ("nginx", 1, 3),
        ("nginx -g 'daemon off;'", 1, 1),
        ("nginx -g 'daemon off;'", 3, 3),
        ("nginx -e stderr", 3, 5),
        ("haproxy -W -f /x", 1, 2),
        ("haproxy -W -f /x", 2, 2),
        ("haproxy -db -W -f /x", 2, 2),
        ("apache2", 0, 0),
    ],
)
def test_how_many_words_stay(line: str, stays: int, kept: int) -> None:
    from dataclasses import replace

    found, _ = adapted(replace(image(line), kept_args=stays))
    assert found.kept_args == kept
    assert adapted(replace(image(line), kept_args=None))[0].kept_args is None


def test_what_is_recorded_does_the_same_again() -> None:
    _, made = adapted(image("nginx -g 'a \udcff;'", "daemon off;"))
    assert isinstance(made, Adaptation)
    assert recorded(as_recorded(made)) == made


@pytest.mark.parametrize("row", tomllib.loads(DATA.read_text())["adaptation"], ids=lambda row: row["name"])
def test_the_data_is_sound(row: dict[str, Any]) -> None:
    known = {"name", "names", "evidence", "when", "unless", "add", "remove", "directives", "reason", "source"}
    assert set(row) <= known
    assert row["evidence"] and row["reason"] and row["source"]
    assert "add" in (row.get("directives") or row)
    for pattern in (*row["names"], *row["evidence"], row.get("when", ""), row.get("unless", "")):
        re.compile(pattern)
    assert not any(re.fullmatch(name, "app") for name in row["names"])
    assert not any(re.search(each, "server 1.0 -g -X -W") for each in row["evidence"])
