"""One start of one stop: how long until the first answer, and what it takes in memory then."""

from __future__ import annotations

import ctypes
import os
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from converter.errors import RunError
from converter.report.continuum.running.memory import pss
from converter.report.continuum.running.question import Question
from converter.runs.health.probe import probe
from converter.runs.health.recognise import Check

_CLONE_NEWNET = 0x40000000  # setns(2)
_HOST = "127.0.0.1"
_TICK = 0.001  # seconds between two attempts
# QEMU's network accepts before there is anybody: who waits there for an answer does not see the program come.
# So an attempt gets a tenth of the time that has gone by, which bounds the error.
_SHARE, _LEAST_PATIENCE, _MOST_PATIENCE = 0.1, 0.05, 5.0
_SETTLED = 0.5  # seconds between the first answer and rest


@dataclass(frozen=True, slots=True)
class Running:
    """A stop that was told to start.

    begun:   when (time.monotonic)
    port:    of 127.0.0.1, where the question goes
    network: a network namespace to ask from; None: the host's own
    pids:    its processes
    ended:   when it ended and with what status; None as long as it runs
    words:   what it said last
    """

    begun: float
    port: int
    network: Path | None
    pids: Callable[[], Iterable[int]]
    ended: Callable[[], tuple[float, int] | None]
    words: Callable[[], str]


class Way(Protocol):
    """Starts a stop: it runs in the block, and nothing is left of it behind. Errors: RunError."""

    def started(self, question: Question) -> AbstractContextManager[Running]: ...


@dataclass(frozen=True, slots=True)
class Sample:
    """Seconds, and bytes of memory; None: it has ended, or may not be looked at."""

    seconds: float
    memory: int | None


def sample(way: Way, question: Question, patience: float) -> Sample:
    """Start it, ask or wait, look, end it.

    Errors: RunError when it does not answer within `patience` seconds, ends before, or fails as a job.
    """
    with way.started(question) as running:
        deadline = running.begun + patience
        if question.check is None:
            return Sample(_end(running, deadline) - running.begun, None)
        answered = _in_network(running, question.check, deadline)
        time.sleep(_SETTLED)
        return Sample(answered - running.begun, pss(running.pids()))


def _end(running: Running, deadline: float) -> float:
    while (ended := running.ended()) is None:
        if time.monotonic() > deadline:
            raise RunError(
                "it neither has a TCP port in EXPOSE nor comes to an end",
                hint="say what it is to be asked, with --probe; or give it longer, with --patience",
            )
        time.sleep(_TICK)
    if ended[1]:
        raise RunError(f"it ended with status {ended[1]}{_said(running)}")
    return ended[0]


def _in_network(running: Running, check: Check, deadline: float) -> float:
    """When it answered. A thread can be in a network of its own, while all others stay where they are."""
    if running.network is None:
        return _answer(running, check, deadline)
    found: list[float | RunError] = []

    def ask() -> None:
        try:
            _join(running.network)
            found.append(_answer(running, check, deadline))
        except RunError as error:
            found.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()
    if not found or isinstance(found[0], RunError):
        raise found[0] if found else RunError("its network could not be asked")  # type: ignore[misc]
    return found[0]


def _join(network: Path | None) -> None:
    try:
        opened = os.open(str(network), os.O_RDONLY | os.O_CLOEXEC)
        try:
            if ctypes.CDLL(None, use_errno=True).setns(opened, _CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        finally:
            os.close(opened)
    except OSError as error:
        raise RunError(f"its network cannot be entered: {error.strerror}") from error


def _answer(running: Running, check: Check, deadline: float) -> float:
    wrong: str | None = "nothing"
    while (now := time.monotonic()) < deadline:
        patience = min(max((now - running.begun) * _SHARE, _LEAST_PATIENCE), _MOST_PATIENCE)
        wrong = probe(check, _HOST, running.port, patience)
        if wrong is None:
            return time.monotonic()
        if (ended := running.ended()) is not None:
            raise RunError(f"it ended with status {ended[1]} before it answered{_said(running)}")
        time.sleep(_TICK)
    raise RunError(
        f"it did not answer in time: {wrong}{_said(running)}",
        hint="say what it is to be asked, with --probe; or give it longer, with --patience",
    )


def _said(running: Running) -> str:
    words = running.words().strip()
    return f"; its last words:\n{words}" if words else ""
