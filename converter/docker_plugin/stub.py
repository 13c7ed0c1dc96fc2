"""The program that docker finds: it says what it is by itself, and gives all else to u2k.

docker asks every plug-in on `docker help` and before each run, so the answer must not wait for Python. What
is asked and answered: https://github.com/docker/cli, cli-plugins/metadata and cli-plugins/manager.
"""

from __future__ import annotations

import json
import shlex

from converter import __version__

FILE = "docker-u2k"
NAME = "u2k"
_MARK = "# Docker CLI plug-in of u2k; `u2k plugin remove` takes it away."
_METADATA = {
    "SchemaVersion": "0.1.0",
    "Vendor": "The u2k authors",
    "Version": __version__,
    "ShortDescription": "Turn container images into unikernels, and run them",
}


def stub_text(python: str) -> str:
    """A POSIX shell script that runs u2k by this `python`, the path of an interpreter.

    -P keeps the current folder out of the module path: a folder `converter` there is not ours.
    """
    return f"""\
#!/bin/sh
{_MARK}
if [ "$1" = docker-cli-plugin-metadata ]; then
    echo {shlex.quote(json.dumps(_METADATA))}
    exit
fi
python={shlex.quote(python)}
if [ ! -x "$python" ]; then
    echo "docker u2k: $python is gone, with the u2k that it belonged to; where u2k is: u2k plugin install" >&2
    exit 127
fi
exec "$python" -P -m converter.cli.docker "$@"
"""


def is_stub(text: str) -> bool:
    """Whether a file with this text is one of ours, of whatever version."""
    return _MARK in text.splitlines()[:2]
