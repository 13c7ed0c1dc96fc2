"""The manifest: what a unikernel file says of itself, as an ELF note (owner `u2k`, type 1, JSON)."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from converter.errors import UsageError
from converter.link.image_header import EHDR, PHDR, PT_NOTE

OWNER = b"u2k\0"
TYPE = 1
SCHEMA = 1
_NOTE = struct.Struct("<III")
_NOTE_LIMIT = 16 << 20


@dataclass(frozen=True, slots=True)
class Manifest:
    """All that the host has to know to run, ship or explain a unikernel."""

    schema: int
    tool_version: str
    source_digest: str  # of the image's manifest for its platform
    target: str  # "vm" or "process"
    os: str
    architecture: str  # OCI name
    path: str  # the program; not UTF-8 bytes are surrogate-escaped
    argv: tuple[str, ...]
    entrypoint_args: int | None  # words of argv that stay when arguments are given; None: none can be
    env: tuple[str, ...]
    cwd: str
    user: tuple[int, int]
    stop_signal: str
    ports: tuple[str, ...]
    volumes: tuple[str, ...]
    syscalls: tuple[str, ...]
    parts: tuple[str, ...]
    kernel_bytes: int
    root_bytes: int
    profile_digest: str | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    root_on: str = "memory"  # or "disk": where a machine has the root image
    healthcheck: Mapping[str, Any] | None = None  # as image/model.py has it; None: the image has none
    adaptations: tuple[Mapping[str, Any], ...] = ()  # as analyze/adaptation.py records them

    def note(self) -> bytes:
        """The note entry: name and description padded to four bytes (gABI, note section)."""
        text = json.dumps(asdict(self), sort_keys=True, separators=(",", ":")).encode("ascii")
        return _NOTE.pack(len(OWNER), len(text), TYPE) + OWNER + text + bytes(-len(text) % 4)


def parse_manifest(text: bytes, where: str) -> Manifest:
    """UsageError if the JSON is not a manifest that this version reads."""
    try:
        fields: dict[str, Any] = json.loads(text)
        if fields["schema"] != SCHEMA:
            raise UsageError(
                f"made by u2k {fields.get('tool_version')}, another format",
                where=where,
                hint="convert the image again",
            )
        for name in ("argv", "env", "user", "ports", "volumes", "syscalls", "parts"):
            fields[name] = tuple(fields[name])
        fields["adaptations"] = tuple(fields.get("adaptations", ()))
        manifest = Manifest(**fields)
        for name in ("entrypoint_args", "kernel_bytes", "root_bytes"):
            if name == "entrypoint_args" and fields[name] is None:
                continue
            if type(fields[name]) is not int or fields[name] < 0:
                raise ValueError(name)
        if not isinstance(manifest.healthcheck, dict | None):
            raise ValueError("healthcheck")
        for name in ("target", "architecture", "path", "root_on"):
            if type(fields[name]) is not str:
                raise ValueError(name)
        return manifest
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise UsageError("its manifest is damaged", where=where, hint="convert the image again") from error


def read_manifest(path: Path) -> Manifest:
    """The manifest of a unikernel file; only headers and notes are read. UsageError if it is not one."""
    where = str(path)
    not_ours = UsageError(
        "this is not a unikernel made by u2k", where=where, hint="make one with: u2k convert IMAGE"
    )
    try:
        with path.open("rb") as file:
            head = file.read(EHDR.size)
            if len(head) < EHDR.size or head[:6] != b"\x7fELF\x02\x01":
                raise not_ours
            fields = EHDR.unpack(head)
            file.seek(fields[5])
            table = file.read(fields[10] * PHDR.size)
            segments = [
                PHDR.unpack_from(table, at) for at in range(0, len(table) // PHDR.size * PHDR.size, PHDR.size)
            ]
            for kind, _, offset, _, _, size, _, _ in segments:
                if kind == PT_NOTE and size <= _NOTE_LIMIT:
                    file.seek(offset)
                    text = _find(file.read(size))
                    if text is not None:
                        manifest = parse_manifest(text, where)
                        _check_whole(segments, path.stat().st_size, where)
                        return manifest
    except (OverflowError, ValueError) as error:  # an offset that no file has
        raise not_ours from error
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror}", where=where) from error
    raise not_ours


def _check_whole(segments: Sequence[tuple[int, ...]], size: int, where: str) -> None:
    needed = max(offset + filesz for _, _, offset, _, _, filesz, _, _ in segments)
    if needed > size:
        raise UsageError(
            f"it is cut off: {needed - size} of {needed} bytes are missing",
            where=where,
            hint="copy it again, or convert the image again",
        )


def _find(notes: bytes) -> bytes | None:
    at = 0
    while at + _NOTE.size <= len(notes):
        name_size, size, kind = _NOTE.unpack_from(notes, at)
        name_at = at + _NOTE.size
        text_at = name_at + -(-name_size // 4) * 4
        if kind == TYPE and notes[name_at : name_at + name_size] == OWNER:
            return notes[text_at : text_at + size]
        at = text_at + -(-size // 4) * 4
    return None
