"""Ports of this machine: free ones, and a clear word when a fixed one is taken."""

from __future__ import annotations

import errno
import os
import socket
from itertools import cycle
from typing import Final

from deploy.errors import UnavailableError

HOST = "127.0.0.1"
_FIRST, _LAST = 20_000, 32_000
_SPREAD: Final = 7_919
_START = _FIRST + os.getpid() * _SPREAD % (_LAST - _FIRST)
_CANDIDATES = cycle((*range(_START, _LAST), *range(_FIRST, _START)))


def free(count: int) -> list[int]:
    """So many (`count`) different ports of 127.0.0.1 that were free a moment ago. Raises UnavailableError without them.

    They are below those that the system gives to outgoing connections, one of which could take a port before whoever
    asked for it does; and each process begins elsewhere, so that two do not try the same.
    """
    found: list[int] = []
    for _ in range(_LAST - _FIRST):
        if len(found) == count:
            return found
        port = next(_CANDIDATES)
        with socket.socket() as probe:
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
        found.append(port)
    raise UnavailableError(f"no free port of {HOST} between {_FIRST} and {_LAST}")


def require(port: int, what: str, option: str, *, host: str = HOST) -> None:
    """Raises UnavailableError when a port of a `host` is in use, naming what it is for and the option that moves it."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as problem:
            if problem.errno != errno.EADDRINUSE:
                raise UnavailableError(
                    f"{host}:{port} ({what}) cannot be listened on: {problem.strerror or problem}"
                ) from None
            raise UnavailableError(
                f"port {port} of {host} ({what}) is in use: stop what uses it, or choose another with {option}"
            ) from None


def answers(port: int, host: str = HOST) -> bool:
    """Whether something accepts connections on a port of a `host`."""
    try:
        socket.create_connection((host, port), timeout=1).close()
    except OSError:
        return False
    return True
