"""The words that docker gives a plug-in, as docker 28 does (github.com/docker/cli, cmd/docker/docker.go)."""

from __future__ import annotations

import pytest

from converter.docker_plugin.invocation import Invocation, certificates, environment, invocation
from converter.errors import UsageError


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("u2k convert redis:7", Invocation({}, ("convert", "redis:7"))),
        ("u2k", Invocation({}, ())),
        ("", Invocation({}, ())),
        ("u2k run x --help", Invocation({}, ("run", "x", "--help"))),
        ("help u2k", Invocation({}, ("--help",))),
        ("help u2k convert", Invocation({}, ("convert", "--help"))),
        ("--help u2k ps", Invocation({"help": "true"}, ("ps", "--help"))),
        ("-c far u2k ps", Invocation({"context": "far"}, ("ps",))),
        ("-cfar u2k ps -c x", Invocation({"context": "far"}, ("ps", "-c", "x"))),
        ("--context=far u2k", Invocation({"context": "far"}, ())),
        ("-H tcp://h:1 --tlsverify u2k", Invocation({"host": "tcp://h:1", "tlsverify": "true"}, ())),
        ("--tls=0 -Dl debug u2k", Invocation({"tls": "false", "debug": "true", "log-level": "debug"}, ())),
        ("-D=f -- u2k ps", Invocation({"debug": "false"}, ("ps",))),
        ("--config u2k u2k ps", Invocation({"config": "u2k"}, ("ps",))),
        ("__complete u2k con", Invocation({}, ("con",), complete=True)),
        ("__completeNoDesc u2k convert --fi", Invocation({}, ("convert", "--fi"), complete=True)),
    ],
)
def test_words_of_docker(line: str, expected: Invocation) -> None:
    assert invocation(line.split()) == expected


def test_the_word_that_is_completed_may_be_empty() -> None:
    assert invocation(["__complete", "u2k", "run", ""]).words == ("run", "")


@pytest.mark.parametrize("line", ["--nonsense u2k", "-x u2k", "--context", "-H"])
def test_what_docker_would_not_give_is_refused(line: str) -> None:
    with pytest.raises(UsageError):
        invocation(line.split())


@pytest.mark.parametrize(
    ("options", "changes"),
    [
        ({}, {}),
        ({"host": "tcp://h:1"}, {"DOCKER_HOST": "tcp://h:1", "DOCKER_CONTEXT": None}),
        ({"context": "far"}, {"DOCKER_CONTEXT": "far", "DOCKER_HOST": None}),
        ({"context": "default"}, {"DOCKER_CONTEXT": "default"}),
        ({"config": "/c"}, {"DOCKER_CONFIG": "/c"}),
        ({"tlsverify": "true"}, {"DOCKER_TLS_VERIFY": "1"}),
        ({"tls": "true"}, {"DOCKER_TLS": "1", "DOCKER_TLS_VERIFY": None}),
        ({"tls": "false"}, {}),
        ({"log-level": "debug"}, {"U2K_DEBUG": "1"}),
        ({"log-level": "info"}, {}),
    ],
)
def test_options_as_variables(options: dict[str, str], changes: dict[str, str | None]) -> None:
    assert environment(options) == changes


def test_host_and_context_exclude_each_other() -> None:
    with pytest.raises(UsageError, match="exclude each other"):
        environment({"host": "tcp://h:1", "context": "far"})


def test_certificates_by_the_names_that_are_looked_for() -> None:
    assert certificates({"tls": "true"}, "/usual") == {}
    assert certificates({"tlscert": "/c/mine.crt"}, "/usual") == {
        "ca.pem": "/usual/ca.pem",
        "cert.pem": "/c/mine.crt",
        "key.pem": "/usual/key.pem",
    }
