"""The connection to ClickHouse, embedded (`chdb:///dir`) or a server: clickhouse-connect in both cases."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote, urlsplit, urlunsplit

import clickhouse_connect
from clickhouse_connect.driver.exceptions import ProgrammingError

from schemas.settings import Settings
from sinks.clickhouse import admin
from sinks.clickhouse.errors import CLIENT_ERRORS, SchemaError, UnavailableError, Verdict, verdict

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

DATABASE: Final = "winback"
SCHEMES: Final = frozenset({"chdb", "http", "https", "clickhouse", "clickhouses", "clickhousedb"})
SECURE: Final = frozenset({"https", "clickhouses"})


@dataclass(frozen=True)
class Target:
    """A DSN taken apart: the same DSN, whether it is embedded, and the database to work in."""

    dsn: str
    embedded: bool
    database: str

    @property
    def path(self) -> str:
        """The directory of an embedded ClickHouse, spelled as its client spells it: the engine compares the text."""
        return os.path.realpath(unquote(urlsplit(self.dsn).path))

    @property
    def shown(self) -> str:
        """The DSN without user, password and options, for messages and logs."""
        parts = urlsplit(self.dsn)
        host = parts.netloc.rpartition("@")[2]
        return urlunsplit((parts.scheme, host, parts.path, "", ""))


def target(settings: Settings) -> Target:
    """Where the settings point. Raises ValueError for a DSN that cannot be one."""
    dsn = settings.clickhouse.get_secret_value()
    parts = urlsplit(dsn)
    if parts.scheme not in SCHEMES:
        raise ValueError(f"WINBACK_CLICKHOUSE: {parts.scheme}:// is none of {', '.join(sorted(SCHEMES))}")
    if parts.scheme == "chdb":
        if parts.netloc or not parts.path.strip("/"):
            raise ValueError("WINBACK_CLICKHOUSE: an embedded ClickHouse is chdb:///and/its/directory")
        return Target(dsn, embedded=True, database=DATABASE)
    return Target(dsn, embedded=False, database=unquote(parts.path.strip("/").split("/")[0]) or DATABASE)


def connect(settings: Settings, *, writes: bool = False) -> Client:
    """A client whose database exists; close it when done. Not for two threads at once.

    `writes`: it logs in as who may write, where that is an embedded ClickHouse of another process on this machine.
    Raises ValueError for a DSN that cannot be one, UnavailableError when ClickHouse does not answer (or its directory
    is another process's), SchemaError when it answers but refuses.
    """
    where = target(settings)
    options: dict[str, Any] = {"database": "default"}
    if not where.embedded:
        # No session: a client that was cut off in the middle of an insert may repeat it at once.
        options |= {"autogenerate_session_id": False, "secure": urlsplit(where.dsn).scheme in SECURE}
        if (own := admin.credentials(settings, where.dsn, writes=writes)) is not None:
            options |= {"username": own.user, "password": own.password}
    try:
        client = clickhouse_connect.get_client(dsn=where.dsn, **options)
        client.database = "default"
        named = {"name": where.database}
        if client.command("EXISTS DATABASE {name:Identifier}", parameters=named) != 1:
            client.command("CREATE DATABASE IF NOT EXISTS {name:Identifier}", parameters=named)
        client.database = where.database
    except ImportError as missing:
        raise SchemaError(f"{where.shown}: {missing}; pip install 'winback[embedded]'") from None
    except CLIENT_ERRORS as error:
        # An embedded engine fails to open in one way only, whatever the reason.
        if verdict(error) is Verdict.RETRY or (where.embedded and isinstance(error, ProgrammingError)):
            hint = "; is its directory in use by another process?" if where.embedded else ""
            told = f"ClickHouse at {where.shown} does not answer{hint} ({first_line(error)})"
            raise UnavailableError(told) from error
        raise SchemaError(f"ClickHouse at {where.shown}: {first_line(error)}") from error
    return client


def first_line(error: BaseException) -> str:
    """The first line of an error's message, at most 300 characters."""
    lines = str(error).strip().splitlines()
    return (lines[0] if lines else type(error).__name__)[:300]
