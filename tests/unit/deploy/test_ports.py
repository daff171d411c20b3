"""Ports for servers of one's own: free, all different, and none that an outgoing connection could take."""

from __future__ import annotations

import socket
from pathlib import Path

from deploy import ports


def test_free_ports_are_free_and_never_the_same() -> None:
    """Each can be bound, and what was handed out is not handed out again at once."""
    found = [*ports.free(3), *ports.free(2)]
    assert len(set(found)) == 5
    for port in found:
        with socket.socket() as server:
            server.bind((ports.HOST, port))


def test_a_port_that_is_taken_is_left_out() -> None:
    """Whoever listens keeps its port, also if it would be the next."""
    (last,) = ports.free(1)
    with socket.socket() as taken:
        taken.bind((ports.HOST, last + 1))
        taken.listen()
        assert last + 1 not in ports.free(2)


def test_no_outgoing_connection_can_take_one() -> None:
    """They lie outside the range that this system takes ports of outgoing connections from."""
    told = Path("/proc/sys/net/ipv4/ip_local_port_range")
    first, last = map(int, told.read_text().split()) if told.exists() else (49_152, 65_535)
    assert not any(first <= port <= last for port in ports.free(5))
