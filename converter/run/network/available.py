"""Which networks this host has, by trying them: for `u2k doctor`."""

from __future__ import annotations

import shutil
from pathlib import Path

from converter.errors import RunError
from converter.run.network.host_ports import HostPorts
from converter.run.network.model import Interface, Network
from converter.run.network.passt import passt

_TUN = Path("/dev/net/tun")


def passt_works() -> str | None:
    """Why not; None: one was started, and stayed."""
    if shutil.which("passt") is None:
        return "not installed"
    try:
        with passt(Network((Interface("passt", ""),)), HostPorts()):
            return None
    except RunError as error:
        return error.what


def tap_devices() -> str | None:
    """Why a tap device cannot be opened by this user; None: it can, if it is theirs."""
    try:
        with _TUN.open("r+b", buffering=0):
            return None
    except OSError as error:
        return f"{_TUN} cannot be opened: {error.strerror}"
