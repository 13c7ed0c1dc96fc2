"""Which words of `u2k build` are for the engine, and which for the conversion."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

# The long options of docker build, docker buildx build, podman build and buildah build, by their --help.
# Where u2k convert has one of the same name, it is the engine's before `--`.
ENGINES = frozenset(
    f"--{name}"
    for name in """
        add-host allow all-platforms annotation arch attest authfile build-arg build-context builder
        cache-from cache-to cache-ttl call cap-add cap-drop cert-dir cgroup-parent cgroupns check
        compress cpp-flag cpu-period cpu-quota cpu-shares cpuset-cpus cpuset-mems creds debug
        decryption-key device disable-compression disable-content-trust dns dns-option dns-search env
        file force-rm format from help hooks-dir http-proxy identity-label ignorefile iidfile ipc
        isolation jobs label layers load logfile logsplit manifest memory memory-swap metadata-file
        network no-cache no-cache-filter no-hosts omit-history os os-feature os-version output pid
        platform progress provenance pull push quiet retry retry-delay rm runtime runtime-flag sbom
        secret security-opt shm-size sign-by skip-unused-stages squash squash-all ssh stdin stream tag
        target timestamp tls-verify ulimit unsetenv userns uts variant volume
    """.split()
)


_ENGINE = "--engine"


@dataclass(frozen=True, slots=True)
class BuildWords:
    """builder: which engine. engine: for its `build`, in their order. convert: for `u2k convert`."""

    builder: str
    engine: tuple[str, ...]
    convert: tuple[str, ...]


def separate(words: Sequence[str], ours: Mapping[str, bool]) -> BuildWords:
    """Words behind `--` are the conversion's; before it, those of its long options that no engine has.

    --platform is for both, and --engine for neither.
    ours: the long options of `u2k convert`; whether each takes a value
    """
    before, after = list(words), list[str]()
    if "--" in before:
        at = before.index("--")
        before, after = before[:at], before[at + 1 :]
    builder, engine, convert = "auto", list[str](), list[str]()
    while before:
        word = before.pop(0)
        name, equals, value = word.partition("=")
        both = name == "--platform"
        mine = name in ours and (both or name not in ENGINES)
        taken = [word]
        if (name == _ENGINE or (mine and ours[name])) and not equals and before:
            value = before.pop(0)
            taken.append(value)
        if name == _ENGINE:
            builder = value
            continue
        if mine:
            convert += taken
        if both or not mine:
            engine += taken
    return BuildWords(builder, tuple(engine), (*convert, *after))


def name_of(words: Sequence[str]) -> str:
    """What the result is called by the engine's words: the first tag, else the folder that is built."""
    for at, word in enumerate(words):
        if found := re.fullmatch(r"(?:--tag=|-t=?)(.+)", word):
            return found[1]
        if word in ("-t", "--tag") and at + 1 < len(words):
            return words[at + 1]
    folders = [Path(word) for word in words if not word.startswith("-") and Path(word).is_dir()]
    return (folders[-1] if folders else Path()).resolve().name or "image"
