"""A blob's bytes over connections that may be cut."""

from __future__ import annotations

import io

import requests
import urllib3

from converter.errors import SourceError
from converter.image.registry.reply import CUT
from converter.image.registry.retry import ATTEMPTS
from converter.image.registry.transport import Transport

_PIECE = 256 << 10
BROKEN = (*CUT, urllib3.exceptions.HTTPError, OSError)


class ResumedBlob(io.RawIOBase):
    """A blob's bytes; a connection that is cut is taken up where it ended (RFC 9110 14, Range)."""

    def __init__(self, transport: Transport, path: str, size: int, where: str) -> None:
        super().__init__()
        self._transport, self._path, self._size, self._where = transport, path, size, where
        self._reply: requests.Response | None = None
        self._at = 0
        self._failures = 0  # in a row, without a byte between them

    def read(self, size: int = -1) -> bytes:
        while True:
            try:
                if self._reply is None:
                    self._reply = self._connect()
                data = bytes(self._reply.raw.read(size, decode_content=False))
                if data or self._at >= self._size:
                    self._at += len(data)
                    self._failures = 0
                    return data
                raise OSError(f"it ended after {self._at} of {self._size} bytes")
            except BROKEN as error:
                self._failures += 1
                self._drop()
                if self._failures >= ATTEMPTS:
                    raise cut(self._where, error) from error
                self._transport.back_off(self._failures, self._where)

    def _connect(self) -> requests.Response:
        headers = {"Range": f"bytes={self._at}-"} if self._at else {}
        reply = self._transport.get(self._path, self._where, headers)
        if self._at and reply.status_code != 206:  # this server knows no ranges: skip what we have
            skip = self._at
            while skip:
                data = reply.raw.read(min(skip, _PIECE), decode_content=False)
                if not data:
                    raise OSError(f"it ended after {self._at - skip} of {self._size} bytes")
                skip -= len(data)
        return reply

    def _drop(self) -> None:
        if self._reply is not None:
            self._reply.close()
            self._reply = None

    def close(self) -> None:
        self._drop()
        super().close()


def cut(where: str, error: BaseException) -> SourceError:
    return SourceError(
        f"truncated: the connection was cut {ATTEMPTS} times ({str(error)[:200]})",
        where=where,
        hint="check the network and try again; if it stays, the registry's copy is damaged",
    )
