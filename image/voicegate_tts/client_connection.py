"""Whether the client of a request still waits for its answer."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment


def is_gone(environ: WSGIEnvironment) -> bool:
    """Whether the connection has been closed by its other end, as the gate does when its client goes or time is up.

    Only gunicorn tells its socket; elsewhere a client counts as there.
    """
    connection: socket.socket | None = environ.get("gunicorn.socket")
    if connection is None:
        return False
    try:
        return connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True
