"""What servers are made to do: requests counted by the client, instructions by the guest's counter."""

from __future__ import annotations

import csv
import re
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass

from scripts.measure.network.guests import Running
from tests.net.link import Namespace

_BULK = """
import socket, sys
host, way, size = sys.argv[1], sys.argv[2], int(sys.argv[3])
s = socket.create_connection((host, 8000))
if way == "SEND":
    s.sendall(b"SEND %d\\n" % size)
    left = size
    while left:
        n = len(s.recv(1 << 20))
        if not n: sys.exit("cut short")
        left -= n
else:
    s.sendall(b"TAKE %d\\n" % size)
    block = bytes(1 << 20)
    for _ in range(size >> 20): s.sendall(block)
    if len(s.makefile("rb").readline()) != 65: sys.exit("no answer")
"""


@dataclass(frozen=True)
class Result:
    """`count` requests (or MiB) in `seconds`; `instructions` each, None where nobody counts."""

    count: float
    seconds: float
    instructions: float | None

    @property
    def rate(self) -> float:
        return self.count / self.seconds


def measured(server: Running, load: Callable[[], float]) -> Result:
    before = server.counter.read() if server.counter else 0
    started = time.perf_counter()
    count = load()
    seconds = time.perf_counter() - started
    used = (server.counter.read() - before) / count if server.counter else None
    return Result(count, seconds, used)


def redis(where: Namespace, server: Running, test: str, pipeline: int, requests: int) -> Result:
    """redis-benchmark with 20 clients; its own rate counts, without the start of the client."""
    command = ["redis-benchmark", "-h", server.address, "-c", "20", "-P", str(pipeline), "-t", test]
    command += ["-n", str(requests), "--csv"]
    rate = 0.0

    def load() -> float:
        nonlocal rate
        rows = list(csv.reader(where.run(*command).splitlines()))
        if len(rows) < 2:
            raise RuntimeError(f"redis-benchmark said {rows}")
        rate = float(rows[1][1])
        return requests

    result = measured(server, load)
    return Result(requests, requests / rate, result.instructions)


def wrk(where: Namespace, server: Running, path: str, seconds: int) -> Result:
    command = ["wrk", "-t", "1", "-c", "20", "-d", f"{seconds}s", f"http://{server.address}{path}"]

    def load() -> float:
        said = where.run(*command)
        found = re.search(r"(\d+) requests in", said)
        if found is None or "Non-2xx" in said or "Socket errors" in said:
            raise RuntimeError(f"wrk said: {said}")
        return float(found[1])

    result = measured(server, load)
    return Result(result.count, seconds, result.instructions)


def bulk(where: Namespace, server: Running, way: str, mebibytes: int) -> Result:
    """SEND (down) or TAKE (up) of tests/net/fileserver.c."""

    def load() -> float:
        command = where.command("python3", "-c", _BULK, server.address, way, str(mebibytes << 20))
        subprocess.run(command, check=True)
        return mebibytes

    return measured(server, load)
