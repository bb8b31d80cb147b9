"""Address of a running `make run`, for the commands that use it."""

from __future__ import annotations

import socket

from local.defaults import HOST
from local.errors import LocalError


def reach(what: str, port: int, option: str) -> str:
    """Return the address of a server on this machine.

    Args:
        what: name of the server, for the error message.
        port: port on 127.0.0.1.
        option: option that sets another port, for the error message.

    Raises:
        LocalError: nothing listens on the port.
    """
    address = f"http://{HOST}:{port}"
    try:
        socket.create_connection((HOST, port), timeout=10).close()
    except OSError as error:
        raise LocalError(
            f"no {what} answers on {address}: start `make run`, or set another port with {option}"
        ) from error
    return address
