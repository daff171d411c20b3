"""Sessions of ClickHouse's HTTP interface: what a request leaves to the next, to whom, and for how long."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import clickhouse_connect
import pytest

from sinks.clickhouse.admin import Credentials
from sinks.clickhouse.embedded.answers import EngineError
from sinks.clickhouse.embedded.sessions import Sessions, Wish, wish

Ask = Callable[..., Any]

THREADS = "SELECT getSetting('max_threads')"


async def told(ask: Ask, sql: str, session: str = "s", **params: str) -> tuple[str, bytes]:
    """The error code (or nothing) and the body of a request in a session."""
    _, headers, body = await ask("POST", params={"session_id": session, **params}, data=sql)
    return headers.get("X-ClickHouse-Exception-Code", ""), body


async def test_settings_and_database_stay_in_a_session(ask: Ask) -> None:
    """For its user and its id alone; what a URL says is for one request, and DEFAULT takes a setting back."""
    other = (await ask("POST", data=THREADS))[2]
    assert await told(ask, "SET max_threads = 3, join_use_nulls = 1") == ("", b"")
    assert await told(ask, THREADS) == ("", b"3\n")
    assert await told(ask, THREADS, max_threads="2") == ("", b"2\n")
    assert await told(ask, THREADS) == ("", b"3\n")
    assert await told(ask, THREADS, session="t") == ("", other)
    assert await told(ask, THREADS, user="me") == ("", other)
    assert (await ask("POST", data=THREADS))[2] == other
    assert await told(ask, "SET max_threads = DEFAULT") == ("", b"")
    assert await told(ask, THREADS) == ("", other)
    assert await told(ask, "USE system") == ("", b"")
    assert await told(ask, "SELECT currentDatabase(), count() FROM one") == ("", b"system\t1\n")
    assert await told(ask, "SELECT currentDatabase()", database="winback") == ("", b"winback\n")
    assert await told(ask, "USE default") == ("", b"")
    assert await told(ask, "SELECT currentDatabase()") == ("", b"winback\n")


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("SET max_memory_usage = 99999999999", "452"),
        ("SET readonly = 0", "452"),
        ("SET query_cache_tag = 'x'", "452"),
        ("SET param_x = 1", "497"),
        ("SET nope = 1", "115"),
        ("SET max_block_size = 'many'", "27"),
        ("USE nope", "497"),
        ("USE information_schemas", "497"),
        ("CREATE TEMPORARY TABLE t (a Int8)", "497"),
        ("DROP TABLE events", "497"),
        ("INSERT INTO events SELECT * FROM events", "497"),
    ],
)
async def test_a_session_gives_no_rights(ask: Ask, sql: str, code: str) -> None:
    """What a reader may not do it may not do there, either; and what was refused is not kept."""
    for _ in range(2):
        found, body = await told(ask, sql)
        assert found == code, body
    assert await told(ask, "SELECT 1, currentDatabase()") == ("", b"1\twinback\n")


async def test_without_a_session_nothing_is_set(ask: Ask) -> None:
    """SET and USE would be lost at once: they are refused, not ignored."""
    for sql in ("SET max_threads = 1", "USE system"):
        status, headers, _ = await ask("POST", data=sql)
        assert (status, headers["X-ClickHouse-Exception-Code"]) == (403, "497")


async def test_one_request_at_a_time(ask: Ask) -> None:
    """A session is one client's: while a request is in it, another is refused; then it is free, also after an error."""
    slow = "SELECT count() FROM numbers(1000000000000) WHERE sipHash64(number) = 1"
    task = asyncio.create_task(ask("POST", params={"session_id": "s", "query_id": "slow"}, data=slow))
    seen = "SELECT count() FROM system.processes WHERE query_id = 'slow'"
    while (await ask("POST", data=seen))[2] != b"1\n":
        assert not task.done()
    code, body = await told(ask, "SELECT 1")
    assert (code, b"SESSION_IS_LOCKED" in body) == ("373", True)
    assert await told(ask, "SELECT 1", session="t") == ("", b"1\n")
    await ask("POST", data="KILL QUERY WHERE query_id = 'slow' SYNC")
    assert (await task)[1]["X-ClickHouse-Exception-Code"] == "394"
    assert (await told(ask, "SELECT nope"))[0] == "47"
    assert (await told(ask, "SELECT 1 FORMAT Nope"))[0] == "73"
    assert await told(ask, "SELECT 1") == ("", b"1\n")


async def test_what_a_url_says_of_a_session(ask: Ask) -> None:
    """It must be there with session_check, ends with close_session, and has a name and a time that can be."""
    assert (await told(ask, "SELECT 1", session_check="1"))[0] == "372"
    assert await told(ask, "SET max_threads = 3") == ("", b"")
    assert await told(ask, THREADS, session_check="1") == ("", b"3\n")
    assert await told(ask, "SELECT 1", close_session="1") == ("", b"1\n")
    assert (await told(ask, THREADS, session_check="1"))[0] == "372"
    assert (await told(ask, "SELECT 1", session=""))[0] == "744"
    for text in ("3601", "x", "-1", "1.5"):
        assert (await told(ask, "SELECT 1", session_timeout=text))[0] == "374"


async def test_the_administrator_has_temporary_tables(write: Ask, ask: Ask, admin: Credentials) -> None:
    """They last as long as the session; settings and databases of a URL do not stay in it."""

    async def run(sql: str, session: str = "s", **params: str) -> tuple[str, bytes]:
        _, headers, body = await write(params={"session_id": session, **params}, data=sql)
        return headers.get("X-ClickHouse-Exception-Code", ""), body

    assert await run("CREATE TEMPORARY TABLE own (a UInt8)") == ("", b"")
    assert await run("INSERT INTO own FORMAT CSV\n1\n2\n") == ("", b"")
    assert await run("INSERT INTO own VALUES (4)", database="system", max_threads="1") == ("", b"")
    assert await run("SELECT sum(a), currentDatabase() FROM own") == ("", b"7\twinback\n")
    assert (await run("SELECT * FROM own", session="t"))[0] == "60"
    login = {"user": admin.user, "password": admin.password}
    assert (await ask("GET", params={"session_id": "s", "query": "SELECT * FROM own", **login}))[0] == 404
    assert await run("SET max_threads = 5") == ("", b"")
    assert await run(THREADS, max_threads="2") == ("", b"2\n")
    assert await run(THREADS) == ("", b"5\n")
    assert await run("SELECT 1", close_session="1") == ("", b"1\n")
    assert (await run("SELECT * FROM own"))[0] == "60"


async def test_clickhouse_connect_has_a_session(address: tuple[str, int]) -> None:
    """As it makes one by itself: what it sets stays."""

    def work() -> Any:
        with clickhouse_connect.get_client(host=address[0], port=address[1], autogenerate_session_id=True) as client:
            client.command("SET max_threads = 3")
            return client.query(THREADS).first_row

    assert await asyncio.to_thread(work) == (3,)


def test_time_and_number_of_sessions_are_bounded() -> None:
    """One is dropped after its time without a request; beyond the most there may be, the one idle for longest."""
    now = [0.0]
    sessions = Sessions(lambda: now[0], most=2)

    def use(name: str, **options: Any) -> dict[str, str]:
        what = Wish(name, **options)
        session = sessions.take("me", what)
        kept = dict(session.settings)
        session.settings["seen"] = name
        sessions.give_back("me", what)
        return kept

    assert use("a", seconds=10) == {}
    now[0] = 9.0
    assert use("a", seconds=10) == {"seen": "a"}
    now[0] = 19.0
    with pytest.raises(EngineError, match="Code: 372"):
        use("a", known=True)
    use("a")
    now[0] = 20.0
    use("b")
    held = sessions.take("me", Wish("c"))
    assert held.settings == {}
    with pytest.raises(EngineError, match="Code: 372"):
        use("a", known=True)
    assert use("b", known=True) == {"seen": "b"}
    assert wish({"session_id": "x", "session_timeout": "3600"}) == Wish("x", 3600)
    assert wish({}) is None
