"""The configuration of a slim container: what starts in it is what starts in the unikernel.

OCI image-spec, config.md; HEALTHCHECK is docker's addition to it (moby image-spec v1.2).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from converter.analyze.executable import search_path
from converter.analyze.program import Program
from converter.errors import IncompatibleImageError
from converter.image.model import Healthcheck, Image
from converter.image.tree import FileTree

SECCOMP_LABEL = "io.containers.seccomp.profile"  # podman-run(1), --seccomp-policy=image
_EPOCH = "1970-01-01T00:00:00Z"


def slim_configuration(
    image: Image, program: Program, tree: FileTree, kept_args: int | None, seccomp: str, diff_id: str
) -> bytes:
    """The JSON document for a container of `tree`, in which `program` starts without any script.

    kept_args: how many words of its argument vector stay when others are given at `docker run`; None: all
    seccomp:   the profile's text, for engines that look for it in a label
    Raises IncompatibleImageError for words that are no UTF-8, which JSON cannot hold.
    """
    config = image.config
    words = [_text(word) for word in program.argv]
    words[0] = _command(program, tree)
    kept = len(words) if kept_args is None else kept_args
    run: dict[str, Any] = {
        "User": f"{program.user.uid}:{program.user.gid}",
        "Env": [_text(name + b"=" + value) for name, value in program.environment.items()],
        "Entrypoint": words[:kept] or None,
        "Cmd": words[kept:] or None,
        "WorkingDir": _text(program.cwd),
        "ExposedPorts": {name: {} for name in config.exposed_ports} or None,
        "Volumes": {name: {} for name in config.volumes} or None,
        "StopSignal": config.stop_signal or None,
        "Labels": {**config.labels, SECCOMP_LABEL: seccomp},
        "Healthcheck": _healthcheck(config.healthcheck, tree),
    }
    document = {
        "created": config.created or _EPOCH,
        "architecture": config.architecture,
        "os": config.os,
        **({"variant": config.variant} if config.variant else {}),
        "config": {name: value for name, value in run.items() if value is not None},
        "rootfs": {"type": "layers", "diff_ids": [diff_id]},
        "history": [
            {"created": config.created or _EPOCH, "created_by": "u2k slim", "comment": f"of {image.digest}"}
        ],
    }
    return json.dumps(document, indent=1, sort_keys=True).encode()


def _command(program: Program, tree: FileTree) -> str:
    """The first word, or the path of the program where that word would not be found, or be another one."""
    word, path = program.argv[0], program.executable.path
    try:
        found = search_path(tree, word, program.environment, program.cwd, program.user)
        if tree.resolve(found, cwd=program.cwd) == tree.resolve(path, cwd=program.cwd):
            return _text(word)
    except IncompatibleImageError:
        pass
    return _text(path)


def _healthcheck(check: Healthcheck | None, tree: FileTree) -> dict[str, Any] | None:
    """HEALTHCHECK as it is, where its program is still there; CMD-SHELL is run by /bin/sh."""
    if check is None:
        return None
    form, *words = check.test
    if form != "NONE" and (not words or not _is_there(["/bin/sh"] if form == "CMD-SHELL" else words, tree)):
        return None
    times = {
        "Interval": check.interval,
        "Timeout": check.timeout,
        "StartPeriod": check.start_period,
        "Retries": check.retries,
        "StartInterval": check.start_interval,
    }
    return {"Test": list(check.test), **{name: value for name, value in times.items() if value}}


def _is_there(words: Sequence[str], tree: FileTree) -> bool:
    return tree.find(words[0].encode("utf-8", "surrogateescape")) is not None


def _text(word: bytes) -> str:
    try:
        return word.decode()
    except UnicodeDecodeError as error:
        raise IncompatibleImageError(
            f"{word[:60]!r} is no UTF-8, and the configuration of an image is JSON",
            hint="the unikernel takes it: u2k convert",
        ) from error
