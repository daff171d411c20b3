"""An embedded ClickHouse: one for the whole run, as a process can open one directory; emptied for each test."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from schemas.settings import Settings
from sinks.clickhouse.admin import Credentials, administrator
from sinks.clickhouse.client import connect, target
from sinks.clickhouse.export import EVER, over
from sinks.clickhouse.freeze import freeze
from sinks.clickhouse.load import load
from sinks.clickhouse.migrate import migrate, views
from sinks.clickhouse.rows import TABLES
from tests.support.http_asking import asking
from tests.support.shop_topics import shop_records

pytest.importorskip("chdb")

Ask = Callable[..., Any]
OVER_DAYS = {script.name.removesuffix(".sql") for script in views() if "{from:Date}" in script.text}
FILLED_BESIDES = (
    "profiles", "resolved_profiles", "resolved_splits", "touches", "spend", "attribution_results", "activity",
    "landings", "feedback", "coupons",
)  # fmt: skip
"""Tables that no topic fills by itself."""


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
    return emptied(migrated)


def emptied(migrated: Any) -> Any:
    """The client, over empty tables."""
    for name in (*(table.name for table in TABLES), *FILLED_BESIDES):
        migrated.command(f"TRUNCATE TABLE {name}")
    return migrated


@pytest.fixture(scope="session")
def shop(embedded: Settings, migrated: Any) -> Iterator[Any]:
    """A client over all that the pipeline makes of the simulated shop (tests.support.shop_topics).

    It has a database of its own, loaded once a run and frozen: what views are built on are tables there.
    """
    assert migrated is not None
    other = connect(embedded)
    other.command("CREATE DATABASE shop")
    other.database = "shop"
    migrate(other)
    load(other, shop_records())
    freeze(other)
    yield other
    other.close()


@pytest.fixture
def rows(client: Any) -> Callable[[str], list[tuple[Any, ...]]]:
    """`rows(sql)`: the rows of a query; a view over days that is named without them is read over all days."""
    return lambda sql: [tuple(row) for row in client.query(over_all_days(sql)).result_rows]


def over_all_days(sql: str) -> str:
    """The statement, with all days for each view over days that is named without any."""

    def named(view: re.Match[str]) -> str:
        return over(view[0], *EVER.values()) if view[0] in OVER_DAYS else view[0]

    return re.sub(r"\bv_\w+\b(?!\()", named, sql)


@pytest.fixture
async def address(migrated: Any, embedded: Settings) -> AsyncIterator[tuple[str, int]]:
    """ClickHouse's HTTP interface on a free port, over the run's engine; `client` empties its tables."""
    from sinks.clickhouse.embedded import serve  # noqa: PLC0415 - needs chdb

    assert migrated is not None
    async with serve(embedded) as bound:
        yield bound


@pytest.fixture
async def ask(address: tuple[str, int]) -> AsyncIterator[Ask]:
    """A raw request of a reader: the method, the path and options in; status, headers and body out."""
    async with asking(address) as request:
        yield request


@pytest.fixture
async def bare(address: tuple[str, int]) -> AsyncIterator[Ask]:
    """As `ask`, with the body as it was sent."""
    async with asking(address, unpacks=False) as request:
        yield request


@pytest.fixture
def admin(address: tuple[str, int], embedded: Settings) -> Credentials:
    """The interface's administrator, as its file says."""
    return administrator(target(embedded).path)


@pytest.fixture
def write(ask: Ask, admin: Credentials) -> Ask:
    """A raw POST of the administrator."""
    headers = {"X-ClickHouse-User": admin.user, "X-ClickHouse-Key": admin.password}

    def request(**options: Any) -> Any:
        return ask("POST", headers={**headers, **options.pop("headers", {})}, **options)

    return request
