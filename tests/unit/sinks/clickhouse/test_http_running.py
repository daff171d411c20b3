"""Queries under way on ClickHouse's HTTP interface: their ids, who sees and ends them, and what is left of them."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from schemas.settings import Settings
from sinks.clickhouse.client import target
from sinks.clickhouse.embedded import serve
from sinks.clickhouse.embedded.spool import SUFFIX
from tests.support.http_asking import asking

Ask = Callable[..., Any]

ENDLESS = "SELECT count() FROM numbers(1000000000000) WHERE sipHash64(number) = 1"
MINE = "SELECT count() FROM system.processes WHERE query_id = {id:String}"


@pytest.fixture
async def narrow(migrated: Any, embedded: Settings) -> AsyncIterator[Ask]:
    """Raw requests to an interface that takes three queries at a time."""
    assert migrated is not None
    async with serve(embedded, threads=3, waiting=20) as bound, asking(bound) as ask:
        yield ask


async def until(holds: Callable[[], Awaitable[bool]], seconds: float = 20.0) -> None:
    """Wait until a condition holds."""
    deadline = time.monotonic() + seconds
    while not await holds():
        assert time.monotonic() < deadline, "it never came to hold"


async def is_running(ask: Ask, query_id: str, user: str = "default") -> bool:
    """Whether a user sees a query of that id under way."""
    params = {"query": MINE, "param_id": query_id, "user": user}
    status, _, body = await ask("GET", params=params)
    assert status == 200, body
    return bool(body == b"1\n")


async def begun(ask: Ask, query_id: str, user: str = "default", sql: str = ENDLESS) -> asyncio.Task[Any]:
    """A query that is under way for certain."""
    task = asyncio.create_task(ask("POST", params={"query_id": query_id, "user": user}, data=sql))

    async def there() -> bool:
        assert not task.done(), task.result()
        return await is_running(ask, query_id, user)

    await until(there)
    return task


async def test_a_query_ends_when_its_client_is_gone(narrow: Ask) -> None:
    """The engine gives it up, and its id is free again."""
    task = await begun(narrow, "gone")
    task.cancel()

    async def ended() -> bool:
        return not await is_running(narrow, "gone")

    await until(ended)
    assert (await narrow("POST", params={"query_id": "gone"}, data="SELECT 1"))[2] == b"1\n"


async def test_eight_abandoned_queries_hold_up_nobody(narrow: Ask) -> None:
    """More than run side by side, some still waiting: all are given up, and the next query has its turn at once."""
    tasks = [asyncio.create_task(narrow("POST", data=ENDLESS)) for _ in range(8)]
    await until(lambda: _holds(narrow("GET", "/ping")))
    tasks.append(await begun_by_itself(narrow))
    for task in tasks:
        task.cancel()
    before = time.monotonic()
    assert (await narrow("POST", data="SELECT 1"))[2] == b"1\n"
    assert time.monotonic() - before < 5


async def _holds(answer: Awaitable[Any]) -> bool:
    return bool((await answer)[0] == 200)


async def begun_by_itself(ask: Ask) -> asyncio.Task[Any]:
    """One more request that waits for its turn: sent, without looking whether it runs."""
    task = asyncio.create_task(ask("POST", data=ENDLESS))
    assert (await ask("GET", "/ping"))[0] == 200
    return task


async def test_ids_are_the_clients(narrow: Ask) -> None:
    """By URL or header; given back, known to the query itself, seen in the table of queries, and one at a time."""
    for options in ({"params": {"query_id": "it's \\ mine"}}, {"headers": {"X-ClickHouse-Query-Id": "it's \\ mine"}}):
        sql = "SELECT queryID(), initialQueryID() AS a, currentQueryID() = queryID()"
        _, headers, body = await narrow("POST", data=f"{sql} FORMAT JSONCompactEachRow", **options)
        assert headers["X-ClickHouse-Query-Id"] == "it's \\ mine"
        assert json.loads(body) == ["it's \\ mine", "it's \\ mine", 1]
    task = await begun(narrow, "it's \\ mine")
    status, headers, _ = await narrow("POST", params={"query_id": "it's \\ mine"}, data="SELECT 1")
    assert (status, headers["X-ClickHouse-Exception-Code"]) == (500, "216")
    sql = "SELECT p.query, p.user, mapContains(p.Settings, 'query_cache_tag') FROM processes AS p WHERE elapsed >= 0"
    params = {"database": "system", "default_format": "JSONCompactEachRow"}
    _, _, body = await narrow(
        "POST", params=params, data=f"{sql} AND query LIKE '%sipHash64%' AND query_id = 'it\\'s \\\\ mine'"
    )
    assert json.loads(body) == [ENDLESS, "default", 0]
    _, headers, _ = await narrow("POST", data="SELECT 1")
    assert len(headers["X-ClickHouse-Query-Id"]) == 36
    task.cancel()


async def test_nobody_sees_the_queries_of_others(narrow: Ask) -> None:
    """Not by any way to name the table: what is not plainly it is refused."""
    task = await begun(narrow, "secret", user="me")
    assert not await is_running(narrow, "secret", user="you")
    for sql in (
        "SELECT count() FROM (SELECT * FROM system.processes) WHERE query_id = 'secret'",
        "WITH a AS (SELECT * FROM `system`.`processes`) SELECT count() FROM a WHERE query_id = 'secret'",
        "SELECT count() FROM system.one WHERE 'secret' IN (SELECT query_id FROM system . processes)",
        "SELECT countIf(query_id = 'secret') FROM system.processes AS p JOIN system.one AS o ON 1",
        "SELECT countIf(query_id = 'secret') FROM {t:Identifier}.processes",
    ):
        status, _, body = await narrow("POST", params={"user": "you", "param_t": "system"}, data=sql)
        assert (status, body) in ((200, b"0\n"), (403, body)), body
    for sql in ("SELECT 1 IN system.processes", "SELECT * FROM merge('system', 'processes')", "SHOW PROCESSLIST"):
        assert (await narrow("POST", params={"user": "you"}, data=sql))[0] == 403
    task.cancel()


async def test_kill_ends_ones_own(narrow: Ask) -> None:
    """KILL QUERY ends what its condition finds among the user's other queries, whose clients are told."""
    mine, other = await begun(narrow, "mine", user="me"), await begun(narrow, "other", user="you")

    async def kill(where: str) -> list[Any]:
        sql = f"KILL QUERY WHERE {where} FORMAT JSONCompactEachRow"
        status, _, body = await narrow("POST", params={"user": "me", "param_id": "mine"}, data=sql)
        assert status == 200, body
        return [json.loads(line) for line in body.splitlines()]

    row = ["waiting", "mine", "me", ENDLESS]
    assert await kill("query_id = 'other' ASYNC") == []
    assert await kill("1 TEST") == [row]
    assert not mine.done()
    assert await kill("query_id = {id:String} AND user = 'me' SYNC") == [["finished", *row[1:]]]
    status, headers, body = await mine
    assert (status, headers["X-ClickHouse-Exception-Code"]) == (500, "394")
    assert body.startswith(b"Code: 394. DB::Exception: Query was cancelled")
    assert not other.done()
    for sql in (
        "KILL MUTATION WHERE 1",
        "KILL QUERY WHERE query_id = file('/etc/hostname')",
        "KILL QUERY ON CLUSTER c WHERE 1",
    ):
        assert (await narrow("POST", params={"user": "me"}, data=sql))[0] == 403
    assert await is_running(narrow, "other", user="you")
    other.cancel()


async def test_kill_waits_for_none_of_them(migrated: Any, embedded: Settings) -> None:
    """While every place is taken, KILL QUERY has its turn."""
    assert migrated is not None
    async with serve(embedded, threads=1, waiting=20) as bound, asking(bound) as ask:
        task = asyncio.create_task(ask("POST", params={"query_id": "the only one"}, data=ENDLESS))

        async def killed() -> bool:
            return bool((await ask("POST", data="KILL QUERY WHERE query_id = 'the only one' SYNC"))[2])

        await until(killed)
        assert (await task)[1]["X-ClickHouse-Exception-Code"] == "394"


async def test_the_administrator_sees_and_ends_all(ask: Ask, write: Ask) -> None:
    """By the ids that clients know."""
    task = await begun(ask, "reader's")
    _, _, body = await write(data="SELECT count() FROM system.processes WHERE query_id = 'reader''s'")
    assert body == b"1\n"
    _, _, body = await write(data="KILL QUERY WHERE query_id = 'reader''s' SYNC")
    assert body.startswith(b"finished\treader\\'s\tdefault\tSELECT count()")
    assert (await task)[1]["X-ClickHouse-Exception-Code"] == "394"


async def test_an_insert_goes_on_without_its_client(address: tuple[str, int], write: Ask, ask: Ask) -> None:
    """What writes is not given up half-way: only what reads ends with its client."""
    await write(data="CREATE TABLE t (a UInt64) ENGINE = Memory")
    try:
        sql = "INSERT INTO t SELECT number FROM numbers(3) WHERE sleepEachRow(0.2) = 0"
        task = asyncio.create_task(write(params={"query_id": "written"}, data=sql))
        seen = "SELECT count() FROM system.processes WHERE query_id = 'written'"

        async def there() -> bool:
            return bool((await write(data=seen))[2] == b"1\n")

        async def there_no_more() -> bool:
            return not await there()

        await until(there)
        task.cancel()
        await until(there_no_more)
        assert (await ask("POST", data="SELECT count() FROM t"))[2] == b"3\n"
    finally:
        await write(data="DROP TABLE t")


def left(embedded: Settings) -> list[str]:
    """The files of answers there are, in a folder that nobody else can read."""
    folder = Path(target(embedded).path + SUFFIX)
    assert folder.stat().st_mode & 0o077 == 0
    return [path.name for path in folder.iterdir()]


async def test_nothing_is_left(migrated: Any, embedded: Settings) -> None:
    """No file of an answer outlives its request: sent, failed, given up or cut off; nor does the folder its server."""
    assert migrated is not None
    async with serve(embedded) as address, asking(address) as ask:
        task = await begun(ask, "cut off")
        assert left(embedded)
        task.cancel()
        await ask("POST", data="SELECT 1")
        await ask("POST", data="SELECT nope")
        base, sql = f"http://{address[0]}:{address[1]}/", "SELECT number FROM numbers(5000000)"
        async with aiohttp.ClientSession() as session, session.post(base, data=sql) as answer:
            await answer.content.readexactly(1)

        async def empty() -> bool:
            await ask("GET", "/ping")
            return not left(embedded)

        await until(empty)
    with pytest.raises(FileNotFoundError):
        left(embedded)
