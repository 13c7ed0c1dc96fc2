"""What docker starts a plug-in with: its own global options, then the plug-in's name, then the words for it.

`docker -H HOST u2k run X` starts `docker-u2k -H HOST u2k run X`; the environment says nothing of HOST. The
options are those of docker(1); which wins over which is told by github.com/docker/cli, cli/command/cli.go.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from converter.docker_plugin.stub import NAME
from converter.errors import UsageError

_WITH_VALUE = {"config", "context", "host", "log-level", "tlscacert", "tlscert", "tlskey"}
_FLAGS = {"debug", "help", "tls", "tlsverify", "version"}
_SHORT = {"c": "context", "H": "host", "l": "log-level", "D": "debug", "h": "help", "v": "version"}
_COMPLETE = ("__complete", "__completeNoDesc")
_TRUE = {"1", "t", "T", "true", "TRUE", "True"}  # Go's strconv.ParseBool, by which docker reads flags


@dataclass(frozen=True, slots=True)
class Invocation:
    """What is wanted of us.

    options:  docker's global options by their long names; flags have the value "true"
    words:    of the command line of u2k
    complete: they are to be completed; the last one is what is typed so far, perhaps nothing
    """

    options: Mapping[str, str] = field(default_factory=dict)
    words: tuple[str, ...] = ()
    complete: bool = False


def invocation(words: Sequence[str]) -> Invocation:
    """Read the words behind `docker-u2k`. Errors: UsageError for options that docker does not have."""
    options, rest = _global_options(list(words))
    verb = rest[0] if rest else NAME
    inner = tuple(rest[2:] if verb in _COMPLETE or verb == "help" else rest[1:])
    if verb in _COMPLETE:
        return Invocation(options, inner, complete=True)
    if verb == "help" or options.get("help") == "true":
        return Invocation(options, (*inner, "--help"))
    if options.get("version") == "true":
        return Invocation(options, ("--version",))
    return Invocation(options, inner)


def _global_options(words: list[str]) -> tuple[dict[str, str], list[str]]:
    """Options up to the first word that is none, and all from there (github.com/spf13/pflag)."""
    options: dict[str, str] = {}
    while words and words[0].startswith("-") and words[0] != "-":
        word = words.pop(0)
        if word == "--":
            break
        if word.startswith("--"):
            name, equals, value = word[2:].partition("=")
            _take(options, name, value if equals else None, words)
            continue
        letters = word[1:]
        while letters:
            name, letters = _SHORT.get(letters[0], letters[0]), letters[1:]
            if name in _WITH_VALUE and letters:
                options[name], letters = letters.removeprefix("="), ""
            elif letters.startswith("="):
                options[name], letters = letters[1:], ""
            else:
                _take(options, name, None, words)
    for name in _FLAGS & set(options):
        options[name] = "true" if options[name] in _TRUE else "false"
    return options, words


def _take(options: dict[str, str], name: str, value: str | None, words: list[str]) -> None:
    if name in _FLAGS:
        options[name] = "true" if value is None else value
    elif name not in _WITH_VALUE:
        raise UsageError("this is none of docker's global options", where=name)
    elif value is not None or words:
        options[name] = words.pop(0) if value is None else value
    else:
        raise UsageError("it needs a value", where=f"--{name}")


def environment(options: Mapping[str, str]) -> dict[str, str | None]:
    """The variables that say what `options` say to whoever asks docker's environment; None: not set.

    --host is stronger than a context, and a context that is named than DOCKER_HOST. The files of TLS have no
    variables of their own: see `certificates`. Errors: UsageError for --host and --context at once.
    """
    if "host" in options and "context" in options:
        raise UsageError("--host and --context exclude each other", hint="give one of them")
    changes: dict[str, str | None] = {}
    if "config" in options:
        changes["DOCKER_CONFIG"] = options["config"]
    if "host" in options:
        changes |= {"DOCKER_HOST": options["host"], "DOCKER_CONTEXT": None}
    if "context" in options:
        changes["DOCKER_CONTEXT"] = options["context"]
        if options["context"] != "default":  # that one is what DOCKER_HOST says
            changes["DOCKER_HOST"] = None
    if options.get("tlsverify") == "true":
        changes["DOCKER_TLS_VERIFY"] = "1"
    elif options.get("tls") == "true":
        changes |= {"DOCKER_TLS": "1", "DOCKER_TLS_VERIFY": None}
    if options.get("debug") == "true" or options.get("log-level") == "debug":
        changes["U2K_DEBUG"] = "1"
    return changes


def certificates(options: Mapping[str, str], folder: str) -> dict[str, str]:
    """The files of --tlscacert, --tlscert and --tlskey by the names that DOCKER_CERT_PATH expects.

    folder: where those are that no option names
    """
    names = {"tlscacert": "ca.pem", "tlscert": "cert.pem", "tlskey": "key.pem"}
    if not names.keys() & options.keys():
        return {}
    return {
        name: str(Path(options.get(option) or Path(folder, name)).absolute())
        for option, name in names.items()
    }
