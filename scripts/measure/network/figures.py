"""The figures of `scripts/bench net`: one run, everything side by side."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from fixtures.host_program import pack
from scripts.measure.network import loads
from scripts.measure.network.guests import (
    Running,
    Subject,
    first_pong,
    linux_guest,
    make_wire,
    native,
    subject_of,
    unikernel_as_process,
    unikernel_file,
    unikernel_on_qemu,
)
from scripts.measure.network.idle import idle_costs
from scripts.measure.network.loads import Result
from tests.net.link import namespace

ROOT = Path(__file__).resolve().parents[3]
PAGE = 612  # bytes: nginx's own welcome page has about that
_TO_PONG = 28_000_000  # instructions
_CACHE = Path(os.environ.get("U2K_BENCH_CACHE", Path.home() / ".cache/u2k-bench"))
Load = Callable[[Running], Result]


def run(folder: Path, corpus: Path, runs: int, only: str) -> int:
    """`only`: vm, process, idle, sizes or all. 0 if every figure is within its limit."""
    good: list[bool] = []
    redis = subject_of(
        "redis", corpus / "redis.oci.tar", 6379, ["/usr/bin/redis-server", "--protected-mode", "no"]
    )
    if only in ("all", "vm"):
        good += _vm(folder, redis, corpus)
        good += _start(folder, redis)
    if only in ("all", "process"):
        good += _process(folder, redis, runs)
    if only in ("all", "idle"):
        good += idle_costs(folder, redis)
    if only in ("all", "sizes"):
        good += _sizes(folder, redis, corpus)
    return 0 if all(good) else 1


def _vm(folder: Path, redis: Subject, corpus: Path) -> list[bool]:
    good = []
    requests: list[tuple[str, Load, float | None]] = []
    with namespace("u2k-bench") as where:
        tap = make_wire(where)
        for test in ("get", "set"):
            for pipeline, count, limit in ((1, 20_000, 10_000), (16, 160_000, 4_500)):

                def load(
                    server: Running, test: str = test, pipeline: int = pipeline, count: int = count
                ) -> Result:
                    return loads.redis(where, server, test, pipeline, count)

                requests.append(
                    (f"redis {test.upper()} P={pipeline}", load, limit if test == "get" else None)
                )
        good += _compare(redis, requests, lambda s: linux_guest(where, tap, folder, _CACHE, s),
                         lambda s: unikernel_on_qemu(where, tap, folder, s))  # fmt: skip
        nginx = _nginx(folder, corpus)
        page: list[tuple[str, Load, float | None]] = [
            (f"nginx {PAGE} bytes", lambda server: loads.wrk(where, server, "/page.html", 5), None)
        ]
        good += _compare(nginx, page, lambda s: linux_guest(where, tap, folder, _CACHE, s),
                         lambda s: unikernel_on_qemu(where, tap, folder, s))  # fmt: skip
        files = _fileserver(folder)
        bulk: list[tuple[str, Load, float | None]] = [
            ("MiB down", lambda server: loads.bulk(where, server, "SEND", 64), None),
            ("MiB up", lambda server: loads.bulk(where, server, "TAKE", 64), None),
        ]
        good += _compare(files, bulk, lambda s: linux_guest(where, tap, folder, _CACHE, s),
                         lambda s: unikernel_on_qemu(where, tap, folder, s))  # fmt: skip
    return good


def _compare(
    subject: Subject,
    requests: list[tuple[str, Load, float | None]],
    one: Callable[[Subject], object],
    other: Callable[[Subject], object],
) -> list[bool]:
    """Instructions of the Linux guest and of ours, per request; a warm-up run of each before it."""
    results: list[list[Result]] = []
    for start in (one, other):
        with start(subject) as server:  # type: ignore[attr-defined]
            results.append([(load(server), load(server))[1] for _, load, _ in requests])
    good = []
    for (name, _, limit), theirs, ours in zip(requests, *results, strict=True):
        assert theirs.instructions is not None
        assert ours.instructions is not None
        ratio = ours.instructions / theirs.instructions
        fine = ratio <= 0.5 and (limit is None or ours.instructions <= limit)
        good.append(fine)
        most = "" if limit is None else f", at most {limit}"
        print(
            f"{name:18} Linux guest {theirs.instructions:10.0f}  "
            f"unikernel {ours.instructions:10.0f} instructions, ratio {ratio:.2f} "
            f"({'within' if fine else 'NOT within'} 0.50{most}); wall clock {ours.rate / theirs.rate:.2f}x",
            flush=True,
        )
    return good


def _start(folder: Path, redis: Subject) -> list[bool]:
    """Instructions from reset to the first PONG; what memory suffices, root in memory and on a disk."""
    good = []
    disk = Subject("redis-disk", *_rest(redis))
    with namespace("u2k-bench") as where:
        tap = make_wire(where)
        for subject, memory, options in (
            (redis, "256M", {}),
            (redis, "32M", {}),
            (disk, "16M", {"root": "disk"}),
        ):
            try:
                with first_pong(where, tap, folder, subject, memory, **options) as (server, instructions):
                    for test in ("set", "get"):
                        loads.redis(where, server, test, 1, 2_000)
            except (RuntimeError, subprocess.CalledProcessError) as error:
                print(f"redis with -m {memory}: NOT served: {str(error)[-300:]}", flush=True)
                good.append(False)
                continue
            fine = instructions <= _TO_PONG
            # On the disk it changes from run to run which pages are read again: it has to be served.
            good.append(fine or subject is disk)
            verdict = f" ({'within' if fine else 'NOT within'} {_TO_PONG / 1e6:.0f})"
            print(
                f"redis with -m {memory}{', root on a disk' if options else ''}: SET and GET served; "
                f"{instructions / 1e6:.1f} million instructions from reset to PONG"
                f"{'' if subject is disk else verdict}",
                flush=True,
            )
    return good


def _process(folder: Path, redis: Subject, runs: int) -> list[bool]:
    """Medians of interleaved runs: the process platform on a tap, the native program over a veth pair."""
    good = []
    with namespace("u2k-bench") as near, namespace("u2k-far") as far:
        tap = make_wire(near)
        with (
            native(near, far, folder, redis) as theirs,
            unikernel_as_process(near, tap, folder, redis) as ours,
        ):
            for pipeline, count in ((1, 100_000), (16, 800_000)):
                rates: dict[str, list[float]] = {"native": [], "process": []}
                for _ in range(runs):
                    for server in (theirs, ours):
                        rates[server.name].append(loads.redis(near, server, "get", pipeline, count).rate)
                one, other = (statistics.median(each) for each in rates.values())
                fine = other >= 0.8 * one
                good.append(fine)
                print(
                    f"redis GET P={pipeline:<3} native {one:.0f}/s, process {other:.0f}/s, "
                    f"ratio {other / one:.2f} ({'within' if fine else 'NOT within'} 0.80), "
                    f"medians of {runs}, interleaved",
                    flush=True,
                )
    return good


def _sizes(folder: Path, redis: Subject, corpus: Path) -> list[bool]:
    go = subject_of("go-http", corpus / "go-http.oci.tar", 8080, ["/server"])
    file, manifest = unikernel_file(folder, redis, "vm")
    _, full = unikernel_file(folder, Subject("redis-full", *_rest(redis)), "vm", form="full")
    go_file, _ = unikernel_file(folder, go, "vm")
    rows = (
        ("kernel for redis", manifest.kernel_bytes, 250 << 10),
        ("full kernel", full.kernel_bytes, 350 << 10),
        ("redis file", file.stat().st_size, 25_000_000),
        ("go-http file", go_file.stat().st_size, 6_000_000),
    )
    for name, size, limit in rows:
        print(f"{name:18} {size:10} bytes ({'within' if size <= limit else 'NOT within'} {limit})")
    return [size <= limit for _, size, limit in rows]


def _rest(subject: Subject) -> tuple[Path, int, list[str], list[str], str]:
    return subject.archive, subject.port, subject.argv, subject.env, subject.cwd


def _nginx(folder: Path, corpus: Path) -> Subject:
    """The corpus image with a page of the size that is usual for this measurement."""
    archive = folder / "nginx-page.oci.tar"
    if not archive.exists():
        layout, page = folder / "nginx-page.layout", folder / "page.html"
        page.write_bytes(b"<html>" + b"x" * (PAGE - 13) + b"</html>")
        for command in (
            ["skopeo", "copy", "-q", f"oci-archive:{corpus / 'nginx.oci.tar'}", f"oci:{layout}:page"],
            ["umoci", "insert", "--image", f"{layout}:page", str(page), "/usr/share/nginx/html/page.html"],
            ["skopeo", "copy", "-q", f"oci:{layout}:page", f"oci-archive:{archive}"],
        ):
            subprocess.run(command, check=True, stdout=sys.stderr)
    argv = ["/docker-entrypoint.sh", "nginx", "-g", "daemon off; master_process off;"]
    return subject_of("nginx-page", archive, 80, argv)


def _fileserver(folder: Path) -> Subject:
    program, archive = folder / "fileserver", folder / "fileserver.oci.tar"
    if not archive.exists():
        source = ROOT / "tests/net/fileserver.c"
        subprocess.run(["gcc", "-O2", "-static", "-o", str(program), str(source)], check=True)
        pack(str(program), archive, "fileserver")
    return subject_of("fileserver", archive, 8000, [str(program)])
