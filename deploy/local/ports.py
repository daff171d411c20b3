"""Ports of this machine: free ones, and a clear word when a fixed one is taken."""

from __future__ import annotations

import socket

from deploy.local.errors import UnavailableError

HOST = "127.0.0.1"


def free(count: int) -> list[int]:
    """Ports of 127.0.0.1 that were free a moment ago, all different."""
    held = [socket.socket() for _ in range(count)]
    try:
        for one in held:
            one.bind((HOST, 0))
        return [one.getsockname()[1] for one in held]
    finally:
        for one in held:
            one.close()


def require(port: int, what: str, option: str) -> None:
    """Raises UnavailableError when a port is in use, naming what it is for and the option that moves it."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            raise UnavailableError(
                f"port {port} of {HOST} ({what}) is in use: stop what uses it, or choose another with {option}"
            ) from None


def answers(port: int) -> bool:
    """Whether something accepts connections on a port of 127.0.0.1."""
    try:
        socket.create_connection((HOST, port), timeout=1).close()
    except OSError:
        return False
    return True
