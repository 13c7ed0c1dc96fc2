"""A process that goes on by itself, and what it tells the one that started it."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable

from converter.errors import RunError, U2kError

_FAILED = 125
Tell = Callable[[U2kError | None], None]


def in_background(begin: Callable[[Tell], None], leave: Callable[[], None]) -> None:
    """Run `begin` in a process of its own, with no terminal, that outlives this one.

    It is given a function to call once: with None as soon as all is well, which ends the waiting here, or
    with the error that kept it from starting, which is raised here. One that ends without a word has failed.
    `leave` is called here before it begins: it lets go of what is the other's alone from now on.
    """
    read_end, write_end = os.pipe()
    left_end, leaving_end = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    if os.fork() == 0:
        status = _FAILED
        try:
            os.close(read_end)
            os.close(leaving_end)
            os.read(left_end, 1)  # nothing comes: it ends when we have let go
            os.close(left_end)
            os.setsid()  # what ends the terminal does not end it
            nowhere = os.open(os.devnull, os.O_RDWR)
            os.dup2(nowhere, 0)
            os.close(nowhere)
            status = _beginning(begin, write_end)
        finally:
            os._exit(status)
    os.close(write_end)
    os.close(left_end)
    try:
        leave()
    finally:
        os.close(leaving_end)
    with os.fdopen(read_end, "rb") as answer:
        error = _told(answer.read())
    if error is not None:
        raise error


def _beginning(begin: Callable[[Tell], None], write_end: int) -> int:
    told = False

    def tell(error: U2kError | None) -> None:
        nonlocal told
        if told:
            return
        told = True
        fields = {"what": error.what, "where": error.where, "hint": error.hint} if error else {}
        status = {"status": error.run_status} if error else {}
        # Whoever waits may have been interrupted: then nobody wants the run, and writing raises OSError.
        os.write(write_end, json.dumps(fields | status).encode())
        os.close(write_end)

    try:
        begin(tell)
    except U2kError as error:
        tell(error)
    except Exception as error:
        tell(
            RunError(
                f"{type(error).__name__}: {error}", hint="this is a bug in u2k: report it, with the command"
            )
        )
    else:
        return 0
    return _FAILED


def _told(answer: bytes) -> U2kError | None:
    if not answer:
        return RunError("who looks after the run ended before the program started")
    fields = json.loads(answer)
    if not fields:
        return None
    error = RunError(fields["what"], where=fields["where"], hint=fields["hint"])
    error.run_status = fields["status"]
    return error
