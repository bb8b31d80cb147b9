"""A `make run` that is running, as the commands beside it find it."""

from __future__ import annotations

import socket

from local.defaults import HOST
from local.errors import LocalError


def reach(what: str, port: int, option: str) -> str:
    """The address of what listens on a port of this machine.

    Args:
        what: is meant to listen there.
        port: of 127.0.0.1.
        option: with which another port is given.

    Raises:
        LocalError: nothing does.
    """
    address = f"http://{HOST}:{port}"
    try:
        socket.create_connection((HOST, port), timeout=10).close()
    except OSError as error:
        raise LocalError(f"no {what} answers on {address}: start `make run`, or give its {option}") from error
    return address
