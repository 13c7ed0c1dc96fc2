"""Which signals end the first process, seen from outside.

The kernel spares a pid namespace's first process that is traced from the signals of its own faults
(force_sig_info_to_task() in kernel/signal.c): it would fault for ever, where it ends in a container.
"""

from __future__ import annotations

from converter.trace.strace import Call, Signalled, failed

_ENDLESS = 1000  # faults without a call between: the handler is blocked, or faults itself


class Dispositions:
    """Of the first process. Feed it what its threads call and are signalled."""

    def __init__(self) -> None:
        self._handled: set[str] = set()
        self._faults = 0

    def call(self, call: Call) -> None:
        """rt_sigaction(2) changes what is handled, execve(2) forgets it."""
        self._faults = 0
        if call.name == "rt_sigaction":
            arguments, result = call.split()
            if len(arguments) > 1 and arguments[1].startswith("{") and not failed(result):
                handled = not arguments[1].startswith(("{sa_handler=SIG_DFL", "{sa_handler=SIG_IGN"))
                (self._handled.add if handled else self._handled.discard)(arguments[0])
        elif call.name in ("execve", "execveat") and not failed(call.split()[1]):
            self._handled.clear()

    def ends_by(self, signal: Signalled) -> bool:
        """Whether it would have ended by this signal, if it were not spared."""
        if not signal.by_kernel:  # kill(2) and raise(3) do nothing to a first process in a container either
            return False
        self._faults += 1
        return signal.name not in self._handled or self._faults > _ENDLESS
