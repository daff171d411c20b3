"""An embedded ClickHouse: one for the whole run, as a process can open one directory; emptied for each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from schemas.settings import Settings
from sinks.clickhouse.client import connect
from sinks.clickhouse.migrate import migrate
from sinks.clickhouse.rows import TABLES

pytest.importorskip("chdb")


@pytest.fixture(scope="session")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings of an embedded ClickHouse in a folder of its own."""
    folder: Path = tmp_path_factory.mktemp("clickhouse") / "data"
    return Settings(clickhouse=SecretStr(f"chdb://{folder}"), http="127.0.0.1:0", metrics="")


@pytest.fixture(scope="session")
def migrated(embedded: Settings) -> Iterator[Any]:
    """A client of it, migrated; open for the whole run, so that the engine stays."""
    client = connect(embedded)
    migrate(client)
    yield client
    client.close()


@pytest.fixture
def client(migrated: Any) -> Any:
    """The same client, over empty tables."""
    for name in (*(table.name for table in TABLES), "profiles", "settled_profiles"):
        migrated.command(f"TRUNCATE TABLE {name}")
    return migrated


@pytest.fixture
def rows(client: Any) -> Callable[[str], list[tuple[Any, ...]]]:
    """`rows(sql)`: the rows of a query."""
    return lambda sql: [tuple(row) for row in client.query(sql).result_rows]
