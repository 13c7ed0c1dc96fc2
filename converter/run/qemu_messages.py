"""What QEMU says on its standard error, and the guest on its serial port; and when KVM gives up."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable

_KEPT = 8192  # bytes of the beginning
_PIECE = 4096
# accel/kvm/kvm-all.c, kvm_handle_internal_error: the guest is stopped for good then, and QEMU does not end.
_GAVE_UP = b"KVM internal error"


class QemuMessages:
    """Reads until QEMU has ended; `theirs` is the descriptor to hand to it.

    gave_up: KVM could not go on with the guest; `end` was called then
    """

    def __init__(self, end: Callable[[], None]) -> None:
        self._ours, self.theirs = os.pipe()
        self._open = {self._ours, self.theirs}
        self._end = end
        self._said = bytearray()
        self.gave_up = False
        self._thread = threading.Thread(target=self._read, daemon=True)

    def start(self) -> None:
        """QEMU has `theirs` now."""
        self._close(self.theirs)
        self._thread.start()

    def finish(self) -> str:
        """What was said at first, after QEMU has ended."""
        self._thread.join()
        return self._said.decode(errors="replace").strip()

    def _read(self) -> None:
        tail = b""
        while piece := os.read(self._ours, _PIECE):
            self._said += piece[: _KEPT - len(self._said)]
            if not self.gave_up and _GAVE_UP in (tail := tail[-len(_GAVE_UP) :] + piece):
                self.gave_up = True
                self._end()
        self._close(self._ours)

    def close(self) -> None:
        """Without a QEMU that was started, both ends; else nothing is left to close."""
        if not self._thread.is_alive():
            for end in tuple(self._open):
                self._close(end)

    def _close(self, end: int) -> None:
        self._open.discard(end)
        os.close(end)
