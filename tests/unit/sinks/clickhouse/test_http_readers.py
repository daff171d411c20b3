"""What a reader may run on ClickHouse's HTTP interface, asked of the real engine: our tables, and nothing outside."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sinks.clickhouse.export import over
from sinks.clickhouse.load import load
from sinks.clickhouse.migrate import Script, views
from tests.support import sink_rows as make

Ask = Callable[..., Any]

HIDDEN = "kept out of sight"

OUTSIDE = [
    "SELECT * FROM file('{file}', LineAsString)",
    "SELECT * FROM `file`('{file}', LineAsString)",
    "FROM file('{file}', LineAsString) SELECT *",
    "SELECT file('{file}')",
    "SELECT (SELECT file('{file}'))",
    "WITH (SELECT * FROM file('{file}', LineAsString)) AS a SELECT a",
    "WITH a AS (SELECT * FROM file('{file}', LineAsString)) SELECT * FROM a",
    "SELECT * FROM view(SELECT * FROM file('{file}', LineAsString))",
    "SELECT 1 UNION ALL SELECT length(line) FROM file('{file}', LineAsString)",
    "SELECT 1 EXCEPT SELECT length(line) FROM file('{file}', LineAsString)",
    "SELECT * FROM numbers((SELECT toUInt64(count()) FROM file('{file}', LineAsString)))",
    "SELECT '{hidden}' IN file('{file}', LineAsString)",
    "SELECT '{hidden}' IN (SELECT * FROM file('{file}', LineAsString))",
    "SELECT 1 ORDER BY (SELECT count() FROM file('{file}', LineAsString))",
    "SELECT 1 SETTINGS max_threads = 1 UNION ALL SELECT length(file('{file}'))",
    "SELECT arrayMap(x -> file(x), ['{file}'])",
    "SELECT * APPLY file FROM (SELECT '{file}' AS a)",
    "SELECT * APPLY(x -> file(x)) FROM (SELECT '{file}' AS a)",
    "SELECT * REPLACE(file(a) AS a) FROM (SELECT '{file}' AS a)",
    "SELECT COLUMNS('a') APPLY(file) FROM (SELECT '{file}' AS a)",
    "SELECT sum(1) OVER (PARTITION BY file('{file}'))",
    "SELECT * FROM default.`{file}`",
    "SELECT '{hidden}' IN default.`{file}`",
    "SELECT '{hidden}' IN `default.{file}`",
    "SELECT * FROM (SELECT 1) AS a JOIN default.`{file}` AS b ON 1",
    "DESCRIBE TABLE file('{file}')",
    "DESCRIBE file('{file}')",
    "DESCRIBE (SELECT * FROM file('{file}', LineAsString))",
    "/* x */ DESC default.`{file}`",
    "EXPLAIN SELECT * FROM file('{file}', LineAsString)",
    "EXPLAIN SYNTAX SELECT * FROM file('{file}', LineAsString)",
    "EXPLAIN ANALYZE SELECT * FROM file('{file}', LineAsString)",
    "EXPLAIN TABLE OVERRIDE file('{file}') PARTITION BY 1",
    "SHOW COLUMNS FROM `{file}` FROM default",
    "SHOW INDEXES FROM `{file}` FROM default",
    "SHOW TABLES FROM default",
    "SHOW CREATE TABLE default.`{file}`",
    "SHOW CREATE DATABASE default",
    "EXISTS TABLE default.`{file}`",
    "WITH default.`{file}` AS a SELECT * FROM a",
    "WITH `default.{file}` AS a SELECT 'x' IN a",
    "WITH 'default' AS winback SELECT * FROM merge(winback, '.*')",
    "SELECT joinGet(default.`{file}`, 'a', 1)",
    "SELECT * FROM merge('default', '.*')",
    "SELECT * FROM merge(REGEXP('.*'), '.*')",
    "SELECT joinGet('default.{file}', 'a', 1)",
    "SELECT joinGet(concat('default', '.x'), 'a', 1)",
    "SELECT hasColumnInTable('default', '{file}', 'c1')",
    "SELECT * FROM remote('127.0.0.1:1', system.one)",
    "SELECT * FROM url('http://127.0.0.1:1/', LineAsString)",
    "SELECT * FROM executable('{file}', TSV, 'a String')",
    "SELECT * FROM sqlite('{file}', 'a')",
    "SELECT * FROM loop(numbers(3))",
    "SELECT dictGet('a', 'b', 1)",
    "SELECT addressToLine(1)",
    "SELECT sleep(1)",
    "SELECT sleepEachRow(1) FROM numbers(2)",
    "SELECT getServerSetting('path')",
    "SELECT 1 IN system.processes",
    "DESCRIBE system.processes",
    "SELECT * FROM system.server_settings",
    "SELECT 1 IN system.users",
    "SHOW PROCESSLIST",
    "SHOW GRANTS",
    "SHOW CREATE USER",
    "CHECK TABLE events",
    "KILL MUTATION WHERE 1",
    "KILL QUERY WHERE file('{file}') = ''",
    "SYSTEM FLUSH LOGS",
    "SET max_threads = 1",
    "USE system",
    "INSERT INTO events SELECT * FROM events",
    "INSERT INTO FUNCTION file('{file}', CSV, 'a Int8') SELECT 1",
    "INSERT INTO events FORMAT CSV\nx",
    "CREATE TABLE t (a Int8) ENGINE = Memory",
    "CREATE TEMPORARY TABLE t (a Int8)",
    "ALTER TABLE events DELETE WHERE 1",
    "TRUNCATE TABLE events",
    "SELECT 1 PARALLEL WITH SELECT 2",
    "EXPLAIN AST DROP TABLE events",
]

INSIDE = [
    ("SELECT count() FROM events", "2"),
    ("SELECT count() FROM winback.events FINAL WHERE profile_id IN (SELECT profile_id FROM profiles)", "2"),
    ("WITH a AS (SELECT 1 AS b) SELECT b FROM a", "1"),
    ("WITH 2 AS a SELECT a", "2"),
    ("WITH RECURSIVE r AS (SELECT 1 AS a UNION ALL SELECT a + 1 FROM r WHERE a < 3) SELECT max(a) FROM r", "3"),
    ("SELECT sum(number) FROM numbers(4)", "6"),
    ("SELECT sum(generate_series) FROM generateSeries(1, 3)", "6"),
    ("SELECT sum(a) FROM values('a Int8', 1, 2)", "3"),
    ("SELECT * FROM (VALUES (1))", "1"),
    ("SELECT a FROM view(SELECT 1 AS a)", "1"),
    ("SELECT count() FROM merge('winback', '^events$')", "2"),
    ("SELECT count() FROM merge('^events$')", "2"),
    ("SELECT joinGet('winback.joined', 'b', 'x')", ""),
    ("SELECT joinGetOrNull('joined', 'b', 'x') IS NULL", "1"),
    ("SELECT ('a', 'b') IN joined", None),
    ("SELECT e.profile_id IN e.profile_id FROM events AS e LIMIT 1", None),
    ("SELECT sumIf(number, number > 1), quantiles(0.5)(number)[1] FROM numbers(3)", None),
    ("SELECT finalizeAggregation(uniqExactStateIf(number, 1)) FROM numbers(3)", "3"),
    ("SELECT count(DISTINCT number), row_number() OVER (ORDER BY 1) FROM numbers(2) GROUP BY ALL", None),
    ("SELECT CASE 1 WHEN 1 THEN 'a' ELSE 'b' END, CAST('1', 'Int8'), '1'::Int8, [1][1]", None),
    ("SELECT (1, 2).1, arrayMap(x -> x, [1])", None),
    ("SELECT 1 FROM numbers(3) ARRAY JOIN [1] AS a ORDER BY number WITH FILL LIMIT 1 BY number LIMIT 1", "1"),
    ("SELECT EXISTS(SELECT 1), 1 = ANY(SELECT 1), EXTRACT(YEAR FROM today()) > 2000, INTERVAL 1 DAY", None),
    ("SELECT 1 SETTINGS max_threads = 1, max_memory_usage = 100000000, output_format_write_statistics = 0", "1"),
    ("SELECT 1 FORMAT CSV", "1"),
    ("EXISTS DATABASE winback", "1"),
    ("EXISTS DATABASE {name:Identifier}", "1"),
    ("EXISTS TABLE events", "1"),
    ("EXISTS winback.events FORMAT CSV", "1"),
    ("SELECT count() FROM {table:Identifier}", "2"),
    ("SELECT count() FROM {name:Identifier}.{table:Identifier}", "2"),
    ("SELECT currentDatabase(), version() != '', timezone() != '', hostName() != ''", "winback\t1\t1\t1"),
    ("SELECT count() > 9 FROM system.settings", "1"),
    ("SELECT count() > 9 FROM information_schema.tables", "1"),
    ("-- a\n/* b */ SHOW CREATE VIEW v_channel_kpis", None),
    ("SHOW CREATE TABLE `winback`.`events`", None),
    ("SHOW CREATE DATABASE winback", None),
    ("SHOW TABLES LIKE 'eve%'", "events"),
    ("SHOW TABLES FROM winback LIKE 'eve%'", "events"),
    ("SHOW DATABASES LIKE 'winb%'", "winback"),
    ("SHOW COLUMNS FROM events", None),
    ("SHOW FUNCTIONS LIKE 'plus'", None),
    ("SHOW SETTING max_threads", None),
    ("DESCRIBE TABLE events", None),
    ("DESC v_channel_daily FORMAT JSON", None),
    ("DESCRIBE (SELECT 1 AS a)", "a\tUInt8"),
    ("EXPLAIN SELECT count() FROM events", None),
    ("EXPLAIN PIPELINE graph = 1 SELECT count() FROM v_channel_daily", None),
    ("EXPLAIN AST SELECT 1", None),
]  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def filled(migrated: Any) -> None:
    """Two events in the tables."""
    for name in ("events", "profiles"):
        migrated.command(f"TRUNCATE TABLE {name}")
    load(migrated, [make.event("a", "Product Viewed"), make.event("b", "Product Viewed")])


@pytest.mark.parametrize("sql", OUTSIDE)
async def test_nothing_outside_is_reached(ask: Ask, tmp_path: Path, sql: str) -> None:
    """Files, addresses, other databases, the server's own affairs, and writing: refused, by GET and by POST."""
    file = tmp_path / "hidden.txt"
    file.write_text(HIDDEN, encoding="utf-8")
    told = sql.replace("{file}", str(file)).replace("{hidden}", HIDDEN)
    for database in ("winback", "default", "system"):
        for options in ({"params": {"query": told, "database": database}}, {}):
            method = "GET" if options else "POST"
            status, headers, body = await ask(method, **(options or {"data": told, "params": {"database": database}}))
            assert (status, headers["X-ClickHouse-Exception-Code"]) == (403, "497"), body
            assert HIDDEN.encode() not in body
            assert b"Over HTTP one may SELECT" in body


@pytest.fixture(scope="module")
def joined(migrated: Any) -> Iterator[None]:
    """A table of the engine Join, which is asked in ways of its own."""
    migrated.command("CREATE TABLE joined (a String, b String) ENGINE = Join(ANY, LEFT, a)")
    yield
    migrated.command("DROP TABLE joined")


@pytest.mark.usefixtures("joined")
@pytest.mark.parametrize(("sql", "answer"), INSIDE)
async def test_what_an_analyst_asks(ask: Ask, sql: str, answer: str | None) -> None:
    """Statements over tables and views go through, whatever form they have."""
    params = {"query": sql, "param_name": "winback", "param_table": "events"}
    status, _, body = await ask("GET", params=params)
    assert status == 200, body
    if answer is not None:
        assert body.decode().rstrip("\n\t ") == answer


@pytest.mark.parametrize("script", views(), ids=lambda script: script.name)
async def test_every_view_can_be_read(ask: Ask, script: Script) -> None:
    """The views, those over days by the names of their parameters, and the statements that they are made of.

    Readers' rules look at what is in a statement, so that it need not be run for them.
    """
    view = script.name.removesuffix(".sql")
    days = {"param_from": "2026-01-01", "param_to": "2026-12-31"}
    read = over(view, "2026-01-01", "2026-12-31") if "{from:Date}" in script.text else view
    made = f"SELECT as_select FROM system.tables WHERE name = '{view}' AND database = 'winback' FORMAT TSVRaw"  # noqa: S608
    _, _, body = await ask("POST", data=made)
    for statement in (f"SELECT * FROM {read}", body.decode()):  # noqa: S608
        status, _, told = await ask("POST", data=f"EXPLAIN AST {statement}", params=days)
        assert status == 200, told


async def test_binary_rows_of_a_reader_are_refused_as_such(ask: Ask) -> None:
    """An INSERT with data in a binary format is refused because readers do not write, not for the bytes in it."""
    status, headers, body = await ask("POST", data=b"INSERT INTO events (profile_id) FORMAT Native\n\x01\x00")
    assert (status, headers["X-ClickHouse-Exception-Code"]) == (403, "497"), body


async def test_views_over_days(ask: Ask, write: Ask) -> None:
    """A view that takes days is read as ClickHouse has it; what it is called with reaches no further than the rest."""
    made = "CREATE OR REPLACE VIEW v_days AS SELECT toString({from:Date}) AS a, {to:Date} AS b"
    assert (await write(data=made))[0] == 200
    try:
        for name in ("v_days", "winback.v_days"):
            answer = await ask("GET", params={"query": f"SELECT * FROM {over(name, '2026-10-01', '2026-10-31')}"})  # noqa: S608
            assert answer[2] == b"2026-10-01\t2026-10-31\n", answer
        days = {"param_a": "2026-10-01", "param_b": "2026-10-31"}
        asked = "SELECT a FROM v_days(from = {a:Date}, to = {b:Date}) FORMAT CSV"
        assert (await ask("GET", params={"query": asked, **days}))[2] == b'"2026-10-01"\n'
        for named in (
            "v_days(from = file('x'), to = 1)",
            "default.v_days(from = 1, to = 1)",
            "v_days(1), url('x')",
        ):
            assert (await ask("GET", params={"query": f"SELECT * FROM {named}"}))[0] in (400, 403), named  # noqa: S608
    finally:
        await write(data="DROP VIEW v_days")


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM v_channel_kpis", "SELECT channel FROM winback.`v_channel_kpis` AS k GROUP BY 1",
        "DESCRIBE v_channel_kpis", "EXPLAIN SELECT * FROM v_channel_kpis",
        "WITH a AS (SELECT * FROM v_channel_kpis) SELECT * FROM a",
    ],
)  # fmt: skip
async def test_a_view_over_days_without_days_is_told(ask: Ask, sql: str) -> None:
    """A client that names such a view alone hears how it is called, not that it has no columns."""
    status, headers, body = await ask("GET", params={"query": sql})
    assert (status, headers["X-ClickHouse-Exception-Code"]) == (400, "456")
    assert b"v_channel_kpis is a view over days; name the first and the last: v_channel_kpis(from = '2026-" in body


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 'v_rfm', no_such FROM v_channel_daily -- v_rfm", "SELECT no_such FROM v_channel_daily /* v_rfm */",
        "SELECT no_such FROM v_rfm (from = '2026-10-01', to = '2026-10-31')",
    ],
)  # fmt: skip
async def test_other_mistakes_are_told_as_they_are(ask: Ask, sql: str) -> None:
    """A name in a text, in a comment or with its days is not what is wrong."""
    body = (await ask("GET", params={"query": sql}))[2]
    assert b"no_such" in body
    assert b"view over days" not in body


async def test_names_in_the_database_default_are_no_files(ask: Ask, tmp_path: Path) -> None:
    """There a table's name is a file's name: a reader who asks for it is in our database instead."""
    file = tmp_path / "hidden.csv"
    file.write_text(HIDDEN, encoding="utf-8")
    for header in ({"database": "default"}, {}):
        headers = {} if header else {"X-ClickHouse-Database": "default"}
        status, _, body = await ask("POST", params=header, headers=headers, data=f"SELECT * FROM `{file}`")  # noqa: S608
        assert (status, b"UNKNOWN_TABLE" in body, HIDDEN.encode() in body) == (404, True, False)
        assert (await ask("POST", params=header, headers=headers, data="SELECT count() FROM events"))[2] == b"2\n"


@pytest.mark.parametrize(
    ("sql", "value"),
    [
        ("SELECT * FROM {p:Identifier}", "default.{file}"),
        ("SELECT * FROM {p:Identifier}.`{file}`", "default"),
        ("SELECT '{hidden}' IN {p:Identifier}.`{file}`", "default"),
        ("SELECT * FROM file({p:String}, LineAsString)", "{file}"),
        ("SELECT file({p:String})", "{file}"),
        ("SELECT * FROM merge({p:String}, '.*')", "default"),
        ("SELECT joinGet({p:String}, 'a', 1)", "default.x"),
        ("EXISTS {p:Identifier}.`{file}`", "default"),
        ("SELECT 1 SETTINGS param_q = '1'", ""),
    ],
)
async def test_parameters_lead_nowhere_else(ask: Ask, tmp_path: Path, sql: str, value: str) -> None:
    """A parameter that stands for a name or for a path is held to the same."""
    file = tmp_path / "hidden.txt"
    file.write_text(HIDDEN, encoding="utf-8")
    sql, value = (text.replace("{file}", str(file)).replace("{hidden}", HIDDEN) for text in (sql, value))
    status, headers, body = await ask("GET", params={"query": sql, "param_p": value})
    assert (status, headers["X-ClickHouse-Exception-Code"]) == (403, "497"), body


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max_memory_usage", "0"), ("max_memory_usage", "DEFAULT"), ("max_memory_usage", "99999999999"),
        ("max_execution_time", "0"), ("max_execution_time", "1e9"), ("max_result_bytes", "0"),
        ("max_threads", "100000"), ("format_schema", "'x'"), ("output_format_schema", "'x'"), ("readonly", "0"),
        ("allow_introspection_functions", "1"), ("timeout_overflow_mode", "'break'"),
        ("input_format_record_errors_file_path", "'x'"), ("format_avro_schema_registry_url", "'http://127.0.0.1:1'"),
    ],
)  # fmt: skip
async def test_settings_lift_no_limit(ask: Ask, name: str, value: str) -> None:
    """Limits stand, and no setting leads to a file or a server, anywhere in a statement."""
    for sql in (f"SELECT 1 SETTINGS {name} = {value}", f"SELECT * FROM (SELECT 1 SETTINGS {name} = {value})"):  # noqa: S608
        status, headers, body = await ask("POST", data=sql)
        assert (status, headers["X-ClickHouse-Exception-Code"]) == (403, "452"), body


@pytest.mark.parametrize(
    ("name", "highest", "lower"),
    [
        ("max_memory_usage", 4 * 1024**3, 100_000_000), ("max_execution_time", 120, 17),
        ("max_result_bytes", 100 * 1024**2, 1_000_000),
    ],
)  # fmt: skip
async def test_limits_in_the_url_are_capped(ask: Ask, name: str, highest: int, lower: int) -> None:
    """Clients send high limits of their own accord: the server's hold, and lower ones do."""
    query = {"query": f"SELECT toUInt64(getSetting('{name}'))"}
    for asked, held in ((None, highest), (0, highest), (10**12, highest), (lower, lower)):
        more = {} if asked is None else {name: str(asked)}
        assert (await ask("GET", params={**query, **more}))[2] == f"{held}\n".encode()
    assert (await ask("GET", params={"query": "SELECT 1", "format_schema": "x"}))[0] == 403


async def test_what_is_checked_is_what_runs(ask: Ask) -> None:
    """One statement, to its end: no second one behind it, no zero byte, none in two halves, none in a deep nest."""
    for data, code in (
        (b"SELECT 1; DROP TABLE events", "62"),
        (b"SELECT 1\x00; DROP TABLE events", "62"),
        (b"SELECT 1 -- \n; DROP TABLE events", "62"),
        (b"SELECT " + b"-".join([b"1"] * 900), "167"),
        (b"SELECT " + b"-".join([b"1"] * 400), "167"),
    ):
        status, headers, body = await ask("POST", data=data)
        assert (status, headers["X-ClickHouse-Exception-Code"]) == (400, code), body
        assert b"parseQueryToJSON" not in body
    assert (await ask("POST", params={"query": "SELECT file("}, data="'/etc/hostname')"))[0] == 403
    _, _, body = await ask("POST", data="EXISTS TABLE events")
    assert body == b"1\n"


async def test_formats_are_the_engines(ask: Ask) -> None:
    """A format of the engine's wrapper, which is no format of a server, is unknown."""
    for name in ("DataFrame", "ArrowTable", "nope"):
        status, _, body = await ask("POST", params={"default_format": name}, data="SELECT 1")
        assert (status, b"UNKNOWN_FORMAT" in body) == (404, True)
    assert json.loads((await ask("POST", params={"default_format": "JSON"}, data="SELECT 1"))[2])["rows"] == 1
