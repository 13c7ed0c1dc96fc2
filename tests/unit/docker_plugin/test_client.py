"""The client's socket: its end is an interrupt, its absence is nothing."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from converter.docker_plugin.client import follow_client

VARIABLE = "DOCKER_CLI_PLUGIN_SOCKET"
SCRIPT = """
import os, time
from converter.docker_plugin.client import follow_client
follow_client()
try:
    print("ready", os.environ.get("DOCKER_CLI_PLUGIN_SOCKET"), flush=True)
    time.sleep(60)
except KeyboardInterrupt:
    raise SystemExit(9)
"""


@pytest.mark.parametrize("abstract", [True, False])
def test_the_end_of_the_connection_interrupts(abstract: bool, tmp_path: Path) -> None:
    name = f"@u2k-test-{os.getpid()}" if abstract else f"{tmp_path}/s"[-100:]
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"\0{name[1:]}" if abstract else name)
        listener.listen()
        child = subprocess.Popen(
            [sys.executable, "-c", SCRIPT],
            env={**os.environ, VARIABLE: name, "PYTHONPATH": ":".join(filter(None, sys.path))},
            stdout=subprocess.PIPE,
            text=True,
        )
        with child:
            assert child.stdout is not None
            assert child.stdout.readline() == "ready None\n"
            connection, _ = listener.accept()
            assert child.poll() is None
            connection.close()
            assert child.wait(30) == 9


@pytest.mark.parametrize("value", ["", "@u2k-nobody-listens", "/nowhere/s"])
def test_without_a_client_nothing_happens(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, value)
    before = signal.getsignal(signal.SIGINT)
    follow_client()
    assert VARIABLE not in os.environ
    assert signal.getsignal(signal.SIGINT) is before
