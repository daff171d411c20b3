"""Addresses as settings give them."""

from __future__ import annotations

import ipaddress


def parse_address(address: str, setting: str) -> tuple[str, int]:
    """The host and port of an address such as `127.0.0.1:8123`. Raises ValueError that names its `setting`."""
    host, _, port = address.rpartition(":")
    if not host or not port.isascii() or not port.isdecimal() or int(port) > 65535:
        raise ValueError(f"{setting}={address}: an address is host:port")
    return host.strip("[]"), int(port)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a host of that name."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
