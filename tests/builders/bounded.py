"""Code that runs in a process of its own with hard limits: beyond them the kernel ends it."""

from __future__ import annotations

import multiprocessing
import resource
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TypeVar

_Answer = TypeVar("_Answer")


def bounded(seconds: int, mebibytes: int, work: Callable[[], _Answer]) -> _Answer:
    """What `work` returns, if it takes at most that much CPU time, and address space beside what is in use.

    An AssertionError says what went wrong.
    """
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    child = context.Process(target=_run, args=(seconds, mebibytes, work, sender))
    child.start()
    sender.close()
    try:
        answer, error = receiver.recv()
    except EOFError:
        child.join()
        raise AssertionError(f"ended with {child.exitcode}, within {seconds} s and {mebibytes} MiB") from None
    child.join()
    assert error is None, error
    found: _Answer = answer
    return found


def _run(seconds: int, mebibytes: int, work: Callable[[], object], sender: Connection) -> None:
    size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    limit = size + (mebibytes << 20)
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    try:
        sender.send((work(), None))
    except BaseException as error:
        sender.send((None, repr(error)))
