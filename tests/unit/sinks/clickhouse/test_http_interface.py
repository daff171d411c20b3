"""ClickHouse's HTTP interface as clients see it: clickhouse-connect, and raw requests as curl or Grafana send them."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

import aiohttp
import clickhouse_connect
import pytest
from clickhouse_connect.driver.exceptions import DatabaseError

from sinks.clickhouse.admin import Credentials
from sinks.clickhouse.load import load
from tests.support import sink_rows as make

Ask = Callable[..., Any]


async def remote(address: tuple[str, int], work: Callable[[Any], Any], **options: Any) -> Any:
    """What `work` gives for a clickhouse-connect client of the interface, in a thread as the server needs the loop."""

    def run() -> Any:
        with clickhouse_connect.get_client(host=address[0], port=address[1], **options) as client:
            return work(client)

    return await asyncio.to_thread(run)


async def test_clickhouse_connect_reads_views(address: tuple[str, int], client: Any) -> None:
    """Its client gets the views without naming a database, with types and column names."""
    load(client, [make.event("a", "Product Viewed"), make.event("b", "Product Viewed")])
    result = await remote(address, lambda c: c.query("SELECT * FROM v_channel_daily"))
    row = dict(zip(result.column_names, result.result_rows[0], strict=True))
    assert (row["channel"], row["events"], row["reach"], row["open_rate"]) == ("web", 2, 2, None)


async def test_clickhouse_connect_binds_parameters(address: tuple[str, int]) -> None:
    """Server-side and client-side parameters, also with quotes, tabs and lists."""
    text = "it's\ta \\ test"
    sql = "SELECT {t:String}, {n:Array(UInt8)}, %(t)s"
    with pytest.raises(DatabaseError):
        await remote(address, lambda c: c.query("SELECT {missing:String}"))
    bound = await remote(address, lambda c: c.query("SELECT {t:String}, {n:Array(UInt8)}", {"t": text, "n": [1, 2]}))
    assert bound.first_row == (text, [1, 2])
    assert sql.count("%") == 1
    assert (await remote(address, lambda c: c.query("SELECT %(t)s", {"t": text}))).first_row == (text,)


@pytest.mark.parametrize("compress", [False, True, "lz4", "zstd", "gzip"])
async def test_clickhouse_connect_inserts(address: tuple[str, int], admin: Credentials, compress: bool | str) -> None:
    """Tables can be made, written to in Native format under any compression, read back and dropped."""
    rows = [(1, "a;\n'", "x", None), (2, "é", "y", datetime(2020, 1, 1))]  # noqa: DTZ001 - as the client gives it back

    def work(c: Any) -> Any:
        c.command(
            "CREATE TABLE t (a UInt32, b String, c LowCardinality(String), d Nullable(DateTime64(3))) ENGINE = Memory"
        )
        try:
            summary = c.insert("t", rows, column_names=["a", "b", "c", "d"])
            c.raw_insert("t", ["a", "b"], b'3,"x"\n', fmt="CSV")
            return summary.written_rows, [tuple(row) for row in c.query("SELECT * FROM t ORDER BY a").result_rows]
        finally:
            c.command("DROP TABLE t")

    assert await remote(address, work, compress=compress, username=admin.user, password=admin.password) == (
        2,
        [*rows, (3, "x", "", None)],
    )


async def test_clickhouse_connect_sees_errors_with_their_codes(address: tuple[str, int]) -> None:
    """Errors arrive as its own exceptions, with ClickHouse's code and name."""
    for sql, code, name in (("SELECT * FROM nope", 60, "UNKNOWN_TABLE"), ("SELEC 1", 62, "SYNTAX_ERROR")):
        with pytest.raises(DatabaseError) as caught:
            await remote(address, lambda c, sql=sql: c.query(sql))
        assert (caught.value.code, caught.value.name) == (code, name)


async def test_clickhouse_connect_streams_and_makes_frames(address: tuple[str, int]) -> None:
    """Streams, data frames, Arrow tables, an empty answer's columns, and settings of one query."""

    def work(c: Any) -> Any:
        with c.query_row_block_stream("SELECT number FROM numbers(100000)") as stream:
            streamed = sum(len(block) for block in stream)
        frame = c.query_df("SELECT number AS n FROM numbers(3)")
        arrow = c.query_arrow("SELECT number AS n FROM numbers(3)")
        empty = c.query("SELECT 1 AS a LIMIT 0").column_names
        threads = c.query("SELECT getSetting('max_threads')", settings={"max_threads": 3}).first_row
        return streamed, frame["n"].sum(), arrow.num_rows, empty, threads, c.ping()

    assert await remote(address, work) == (100_000, 3, 3, ("a",), (3,), True)


async def test_dbt_says_how_it_would_write(ask: Ask) -> None:
    """dbt-clickhouse sends settings of writing, and of HTTP, with all that it reads; EXISTS is how it begins."""
    params = {
        "mutations_sync": "3", "lightweight_deletes_sync": "3", "alter_sync": "3", "insert_distributed_sync": "1",
        "cancel_http_readonly_queries_on_client_close": "1", "send_progress_in_http_headers": "1",
        "http_headers_progress_interval_ms": "120000", "date_time_input_format": "best_effort", "session_id": "dbt::1",
        "cast_string_to_dynamic_use_inference": "1", "wait_end_of_query": "1",
    }  # fmt: skip
    assert (await ask("POST", params=params, data="EXISTS DATABASE `winback`"))[2] == b"1\n"


async def test_ping_and_greeting(ask: Ask) -> None:
    """Health checks answer without a query."""
    for path in ("/ping", "/", "/replicas_status"):
        status, _, body = await ask("GET", path)
        assert (status, body) == (200, b"Ok.\n")
    assert (await ask("GET", "/elsewhere"))[0] == 404


async def test_get_with_format_and_parameters(ask: Ask) -> None:
    """As Grafana asks: query, parameters, default_format and a setting in the URL; headers say what came."""
    params = {
        "query": "SELECT {n:UInt8} AS n",
        "param_n": "7",
        "default_format": "JSON",
        "max_threads": "1",
        "query_id": "q",
    }
    status, headers, body = await ask("GET", params=params)
    assert (status, json.loads(body)["data"]) == (200, [{"n": 7}])
    assert headers["Content-Type"].startswith("application/json")
    assert headers["X-ClickHouse-Format"] == "JSON"
    assert headers["X-ClickHouse-Query-Id"] == "q"
    assert json.loads(headers["X-ClickHouse-Summary"])["result_rows"] == "1"
    assert {"X-ClickHouse-Timezone", "X-ClickHouse-Server-Display-Name"} <= set(headers)


async def test_query_in_the_body_in_the_url_or_both(ask: Ask) -> None:
    """As curl asks: the statement may be the body, the parameter, or begin in one and end in the other."""
    assert (await ask("POST", data="SELECT 1 FORMAT CSV"))[2] == b"1\n"
    assert (await ask("POST", params={"query": "SELECT 2"}))[2] == b"2\n"
    assert (await ask("POST", params={"query": "SELECT"}, data="3"))[2] == b"3\n"
    form = aiohttp.FormData({"query": "SELECT {a:String}", "param_a": "form"}, default_to_multipart=True)
    assert (await ask("POST", data=form))[2] == b"form\n"


async def test_insert_bodies(ask: Ask, write: Ask) -> None:
    """Data behind FORMAT, data in the body of a query in the URL, gzip, VALUES: all go in."""
    await write(data="CREATE TABLE t (a UInt32, b String) ENGINE = Memory")
    try:
        await write(data='INSERT INTO t FORMAT JSONEachRow\n{"a":1,"b":"x;y"}\n{"a":2,"b":"FORMAT CSV"}')
        await write(params={"query": "INSERT INTO t FORMAT CSV"}, data='3,"three"\n4,"four"\n')
        packed = gzip.compress(b"5\tfive\n")
        await write(params={"query": "INSERT INTO t FORMAT TSV"}, data=packed, headers={"Content-Encoding": "gzip"})
        status, headers, _ = await write(data="INSERT INTO t VALUES (6, 'it''s; (6)')")
        assert (status, json.loads(headers["X-ClickHouse-Summary"])["written_rows"]) == (200, "1")
        assert "X-ClickHouse-Format" not in headers
        _, _, body = await ask("POST", data="SELECT groupArray(b) FROM (SELECT b FROM t ORDER BY a)")
        assert body == b"['x;y','FORMAT CSV','three','four','five','it\\'s; (6)']\n"
    finally:
        await write(data="DROP TABLE t")


@pytest.mark.parametrize(
    ("sql", "status", "code"),
    [
        ("SELEC 1", 400, "62"),
        ("SELECT * FROM nope", 404, "60"),
        ("SELECT nope FROM events", 404, "47"),
        ("SELECT throwIf(1)", 500, "395"),
        ("SELECT {x:String}", 400, "456"),
        ("SELECT 1 FORMAT Nope", 404, "73"),
        ("SELECT 1 INTO OUTFILE '/tmp/never'", 501, "48"),
        ("SELECT 1; SELECT 2", 400, "62"),
        ("SELECT 1 SETTINGS nope = 1", 404, "115"),
        ("/* nothing */", 400, "62"),
    ],
)
async def test_errors_have_clickhouses_codes(ask: Ask, sql: str, status: int, code: str) -> None:
    """The HTTP status, the code's header, and the text that a server gives."""
    got, headers, body = await ask("POST", data=sql)
    assert (got, headers["X-ClickHouse-Exception-Code"]) == (status, code)
    assert body.startswith(f"Code: {code}. DB::Exception: ".encode())


async def test_data_that_cannot_be_read(write: Ask) -> None:
    """An insert's error is the engine's."""
    status, headers, _ = await write(data="INSERT INTO events FORMAT CSV\nx")
    assert (status, headers["X-ClickHouse-Exception-Code"]) == (400, "27")


async def test_get_may_only_read(ask: Ask, admin: Credentials) -> None:
    """A link cannot write, and cannot take that back, whoever's it is."""
    login = {"user": admin.user, "password": admin.password}
    for sql in ("DROP TABLE events", "INSERT INTO events SELECT * FROM events", "SET readonly = 0"):
        for more in ({}, login):
            status, headers, _ = await ask("GET", params={"query": sql, **more})
            assert (status, headers["X-ClickHouse-Exception-Code"]) == (403, "497")
    assert (await ask("GET", params={"query": "SELECT 1", "readonly": "0"}))[2] == b"1\n"


async def test_one_request_leaves_nothing_behind(ask: Ask) -> None:
    """Database and settings of a request are its own."""
    await ask("POST", params={"database": "system", "query": "SELECT 1", "max_threads": "1"})
    assert (await ask("GET", params={"query": "SELECT currentDatabase()", "database": "system"}))[2] == b"system\n"
    assert (await ask("GET", params={"query": "SELECT currentDatabase()"}))[2] == b"winback\n"
    assert (await ask("POST", params={"database": "nope"}, data="SELECT 1"))[0] == 404
    assert (await ask("POST", params={"query": "SELECT 1", "nope": "1"}))[0] == 404
    assert (await ask("POST", params={"query": "SELECT 1", "a`b": "1"}))[0] == 404


async def test_web_pages_are_kept_out(ask: Ask) -> None:
    """A page of another site cannot post here, nor reach here under a name that it made point to this machine."""
    assert (await ask("POST", data="SELECT 1", headers={"Origin": "http://evil.example"}))[0] == 403
    assert (await ask("GET", "/?query=SELECT+1", headers={"Host": "evil.example"}))[0] == 403
    assert (await ask("GET", "/?query=SELECT+1", headers={"Host": "localhost:1"}))[0] == 200
    for path in ("/ping", "/?query=SELECT+1"):
        for site, status in (("cross-site", 403), ("same-site", 403), ("same-origin", 200), ("none", 200)):
            assert (await ask("GET", path, headers={"Sec-Fetch-Site": site}))[0] == status
    for origin in ("null", "ftp://127.0.0.1", "http://[", "http://127.0.0.1"):
        assert (await ask("POST", data="SELECT 1", headers={"Origin": origin}))[0] == 403
    assert (await ask("POST", data="SELECT 1", headers={"Host": "[", "Origin": "http://["}))[0] in (400, 403)
    own = {"Host": "localhost:1", "Origin": "http://localhost:1"}
    assert (await ask("POST", data="SELECT 1", headers=own))[0] == 200


async def test_a_slow_query_does_not_hold_up_others(ask: Ask, write: Ask) -> None:
    """Queries run in threads: while one sleeps, others, inserts and health checks are answered."""
    slow = asyncio.create_task(write(data="SELECT sleep(2)"))
    for _ in range(5):
        assert (await ask("GET", params={"query": "SELECT 1"}))[2] == b"1\n"
    assert not slow.done()
    assert (await slow)[0] == 200
