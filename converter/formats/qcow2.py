"""The disk image of `raw` as qcow2, version 3 (QEMU's docs/interop/qcow2.txt): clusters of zeros take no
place."""

from __future__ import annotations

import struct
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from converter.formats.disk.image import write_disk
from converter.formats.shipment import Shipment, check_machine

_BITS = 16
_CLUSTER = 1 << _BITS
_ENTRIES = _CLUSTER // 8  # of a table of 64-bit entries
_COUNTS = _CLUSTER // 2  # of a block of 16-bit reference counts
_COPIED = 1 << 63  # this cluster belongs to nobody else
_HEADER = struct.Struct(">4sIQIIQIIQQIIQQQQII")
_REFCOUNT_ORDER = 4


class Qcow2:
    name = "qcow2"
    description = "the disk image of raw, in QEMU's sparse format"
    suffix = ".qcow2"
    cmdline = True

    def check(self, target: str, architecture: str) -> None:
        check_machine(target, architecture, "a disk image", ("amd64",))

    def write(self, what: Shipment, out: Path) -> None:
        with tempfile.TemporaryFile(dir=out.parent, buffering=0) as raw, out.open("wb") as file:
            write_disk(what.unikernel, raw, what.cmdline)
            write_qcow2(raw, file)


def write_qcow2(raw: BinaryIO, out: BinaryIO) -> None:
    """Write what the disk image `raw` has to `out`. The clusters are in order, so that the bytes depend on
    nothing else."""
    size = raw.seek(0, 2)
    used = list(_used_clusters(raw, size))
    l2_count = -(-size // (_CLUSTER * _ENTRIES))
    l1_clusters = max(1, -(-l2_count // _ENTRIES))
    # Header, L1 table, L2 tables, data; then what counts all of these, itself included.
    l2_at = 1 + l1_clusters
    data_at = l2_at + l2_count
    counts_at = data_at + len(used)
    blocks = tables = 0
    while True:
        total = counts_at + blocks + tables
        needed_blocks = -(-total // _COUNTS)
        needed = (needed_blocks, -(-needed_blocks // _ENTRIES))
        if needed == (blocks, tables):
            break
        blocks, tables = needed
    tables_at = counts_at + blocks
    header = _HEADER.pack(
        *(b"QFI\xfb", 3, 0, 0, _BITS, size, 0, l2_count, _CLUSTER, tables_at * _CLUSTER, tables),
        *(0, 0, 0, 0, 0, _REFCOUNT_ORDER, _HEADER.size),
    )
    _cluster(out, header)
    _table(out, [(l2_at + number) * _CLUSTER | _COPIED for number in range(l2_count)], l1_clusters)
    place = {cluster: data_at + number for number, cluster in enumerate(used)}
    for first in range(0, l2_count * _ENTRIES, _ENTRIES):
        inside = (place.get(cluster) for cluster in range(first, first + _ENTRIES))
        _table(out, [0 if at is None else at * _CLUSTER | _COPIED for at in inside], 1)
    for cluster in used:
        raw.seek(cluster * _CLUSTER)
        _cluster(out, raw.read(_CLUSTER))
    for block in range(blocks):
        counted = min(_COUNTS, total - block * _COUNTS)
        _cluster(out, struct.pack(">H", 1) * counted)
    _table(out, [(counts_at + number) * _CLUSTER for number in range(blocks)], tables)


def _used_clusters(raw: BinaryIO, size: int) -> Iterator[int]:
    for cluster in range(-(-size // _CLUSTER)):
        raw.seek(cluster * _CLUSTER)
        if any(raw.read(_CLUSTER)):
            yield cluster


def _cluster(out: BinaryIO, data: bytes) -> None:
    out.write(data.ljust(_CLUSTER, b"\0"))


def _table(out: BinaryIO, entries: list[int], clusters: int) -> None:
    out.write(struct.pack(f">{len(entries)}Q", *entries).ljust(clusters * _CLUSTER, b"\0"))
