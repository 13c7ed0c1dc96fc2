"""Programs that keep credentials: docker-credential-NAME (docker/docker-credential-helpers, README).

One word says what to do; standard input has a key, or JSON; so has standard output.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess

from converter.errors import SourceError
from converter.image.credentials.model import Credential

_TIMEOUT = 60  # seconds; some ask the user to unlock them
_TOKEN_USER = "<token>"  # noqa: S105  (a user name that says that the secret is an identity token)
_NOT_FOUND = "credentials not found"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def ask(name: str, key: str) -> Credential | None:
    """What the helper has for `key`; None: nothing. Errors: SourceError: it is not there, or fails."""
    done = _run(name, "get", key)
    if done.returncode != 0:
        if _NOT_FOUND in done.stdout + done.stderr:
            return None
        raise _failed(name, done)
    try:
        told = json.loads(done.stdout)
        username, secret = str(told.get("Username", "")), str(told["Secret"])
    except (ValueError, KeyError, AttributeError, RecursionError) as error:
        raise SourceError(
            "its answer is no credential", where=_program(name), hint="check what docker's config.json names"
        ) from error
    if not secret:
        return None
    origin = _program(name)
    if username == _TOKEN_USER:
        return Credential(identity_token=secret, origin=origin)
    return Credential(username, secret, origin=origin)


def give(name: str, key: str, credential: Credential) -> None:
    """Have the helper keep it, in place of an older one. Errors: SourceError."""
    token = credential.identity_token
    told = {
        "ServerURL": key,
        "Username": _TOKEN_USER if token else credential.username,
        "Secret": token or credential.password,
    }
    done = _run(name, "store", json.dumps(told))
    if done.returncode != 0:
        raise _failed(name, done)


def erase(name: str, key: str) -> None:
    """Have the helper forget it. Errors: SourceError; that there was none is no error."""
    done = _run(name, "erase", key)
    if done.returncode != 0 and _NOT_FOUND not in done.stdout + done.stderr:
        raise _failed(name, done)


def _program(name: str) -> str:
    return f"docker-credential-{name}"


def _run(name: str, action: str, given: str) -> subprocess.CompletedProcess[str]:
    program = shutil.which(_program(name)) if _NAME.fullmatch(name) else None
    if program is None:
        raise SourceError(
            "this credential helper is not installed",
            where=_program(name),
            hint="install it, or take its name out of docker's config.json (credsStore, credHelpers)",
        )
    try:
        return subprocess.run(
            [program, action], input=given, capture_output=True, text=True, timeout=_TIMEOUT, check=False
        )
    except (OSError, subprocess.TimeoutExpired, UnicodeError) as error:
        why = f"no answer in {_TIMEOUT} s" if isinstance(error, subprocess.TimeoutExpired) else str(error)
        raise SourceError(
            f"it cannot be asked: {why}", where=program, hint="run it by hand, or mend its installation"
        ) from error


def _failed(name: str, done: subprocess.CompletedProcess[str]) -> SourceError:
    # Standard output of a helper that failed has its message (the protocol's rule), never a secret.
    said = (done.stderr.strip() or done.stdout.strip() or f"status {done.returncode}").splitlines()[-1][:200]
    return SourceError(f"it failed: {said}", where=_program(name), hint="check the credential helper")
