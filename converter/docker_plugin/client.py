"""The docker client that started us: when it wants an end, or is gone, we are interrupted.

Where docker's output is no terminal it does not pass signals on to a plug-in: from version 25 it gives the
plug-in a socket, $DOCKER_CLI_PLUGIN_SOCKET, and closes it (github.com/docker/cli, cli-plugins/socket). One
that begins with @ has no file (unix(7), abstract).
"""

from __future__ import annotations

import os
import signal
import socket
import threading

_VARIABLE = "DOCKER_CLI_PLUGIN_SOCKET"


def follow_client() -> None:
    """From now on the end of the client's connection is SIGINT to the main thread. Without one: nothing."""
    name = os.environ.pop(_VARIABLE, None)  # it is for us, not for what we start
    if not name:
        return
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.connect(f"\0{name[1:]}" if name.startswith("@") else name)
    except OSError:
        connection.close()
        return
    threading.Thread(target=_wait, args=(connection,), daemon=True).start()


def _wait(connection: socket.socket) -> None:
    with connection:
        try:
            while connection.recv(1):
                pass
        except OSError:
            pass  # reset by a client that was killed: an end as well
    main = threading.main_thread().ident
    if main is not None:  # to that thread: only there does the signal end a system call that waits
        signal.pthread_kill(main, signal.SIGINT)
