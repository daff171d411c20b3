"""The administrator of an embedded ClickHouse's HTTP interface: the one user that may write.

Its password is made by the process that serves the interface, and kept in a file beside the database that only the
owner can read: whoever can read it could open the database itself. `winback migrate` and sinks of another process find
it there.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from infra import files
from infra.addresses import is_loopback, parse_address
from schemas.settings import Settings

USER: Final = "winback_admin"
SUFFIX: Final = ".admin"


@dataclass(frozen=True)
class Credentials:
    """A user and its password."""

    user: str
    password: str


def administrator(database: str) -> Credentials:
    """The administrator of the database in that directory: as its file says, or with a new password."""
    known = _read(Path(database + SUFFIX))
    return Credentials(USER, known["password"] if known else secrets.token_urlsafe(32))


def publish(database: str, address: str, admin: Credentials) -> None:
    """Write the file of the database in that directory anew, with the interface's `address` and its administrator.

    Raises OSError when the file cannot be written.
    """
    told = {"address": address, "user": admin.user, "password": admin.password}
    files.put(Path(database + SUFFIX), json.dumps(told).encode(), private=True)


def credentials(settings: Settings, dsn: str, *, writes: bool) -> Credentials | None:
    """The login of a client whose DSN names no user and leads to an interface of our own.

    The administrator where it `writes`, else the user of the interface's password; None when no password is needed or
    known. No secret leaves for a server that is neither on this machine nor named as WINBACK_HTTP.
    """
    parts = urlsplit(dsn)
    host, port = parts.hostname or "", parts.port
    if parts.username is not None or parts.password is not None:
        return None
    if writes and (known := _read(settings.http_admin)) is not None:
        at = parse_address(known["address"], str(settings.http_admin))
        if at[1] == port and (is_loopback(host) or host == at[0]):
            return Credentials(known["user"], known["password"])
    ours = is_loopback(host) or host == parse_address(settings.http, "WINBACK_HTTP")[0]
    if ours and settings.http_password and (password := settings.http_password.get_secret_value()):
        return Credentials("default", password)
    return None


def _read(path: Path) -> dict[str, str] | None:
    """What a file says; None without one that can be read and understood."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return {name: str(found[name]) for name in ("address", "user", "password")}
    except (OSError, ValueError, KeyError, TypeError):
        return None
