"""What is read off a statement before it is run."""

from __future__ import annotations

import pytest

from sinks.clickhouse.embedded.answers import EngineError, media_type
from sinks.clickhouse.embedded.statement import Statement


@pytest.mark.parametrize(
    ("sql", "format_name"),
    [
        (b"SELECT 1", None),
        (b"SELECT 1 FORMAT JSON", "JSON"),
        (b"select 1\nformat Native ;\n", "Native"),
        (b"SELECT 1 FORMAT CSV SETTINGS max_threads = 1", "CSV"),
        (b"SELECT 'x FORMAT JSON'", None),
        (b"SELECT 1 -- FORMAT JSON", None),
        (b"SELECT 1 /* FORMAT JSON */ FORMAT TSV", "TSV"),
        (b"SELECT format FROM t", None),
        (b"INSERT INTO t FORMAT CSV\n1", None),
    ],
)
def test_format_of_an_answer(sql: bytes, format_name: str | None) -> None:
    """The trailing FORMAT counts, not one inside a string or a comment."""
    assert Statement(sql).format == format_name


@pytest.mark.parametrize(
    ("sql", "gives_rows"),
    [
        (b"SELECT 1", True),
        (b"  -- hello\n (SELECT 1)", True),
        (b"/* a */ WITH 1 AS x SELECT x", True),
        (b"SHOW TABLES", True),
        (b"CREATE TABLE t (a Int8) ENGINE = Memory", False),
        (b"INSERT INTO t SELECT 1", False),
        (b"", False),
    ],
)
def test_statements_with_rows(sql: bytes, gives_rows: bool) -> None:
    """Only a statement that answers with a table has a format to name."""
    assert Statement(sql).gives_rows is gives_rows


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        (b"INSERT INTO t (a) FORMAT CSV\n1\n2\n", ("INSERT INTO t (a) ", "CSV", b"1\n2\n")),
        (b"INSERT INTO t FORMAT Native\n\x01\x00\xff", ("INSERT INTO t ", "Native", b"\x01\x00\xff")),
        (
            b"INSERT INTO t SETTINGS x = 1 FORMAT JSONEachRow {}",
            ("INSERT INTO t SETTINGS x = 1 ", "JSONEachRow", b"{}"),
        ),
        (b"INSERT INTO t FORMAT TSV", ("INSERT INTO t ", "TSV", b"")),
        (b"INSERT INTO t FORMAT CSV\nSELECT\n", ("INSERT INTO t ", "CSV", b"SELECT\n")),
        (b"INSERT INTO `a format b` FORMAT CSV\n1", ("INSERT INTO `a format b` ", "CSV", b"1")),
        (b"INSERT INTO t VALUES (1)", None),
        (b"INSERT INTO t SELECT 1 FORMAT CSV", None),
        (b"SELECT 1 FORMAT CSV", None),
    ],
)
def test_where_the_data_of_an_insert_begins(sql: bytes, expected: tuple[str, str, bytes] | None) -> None:
    """Behind FORMAT and at most one line end; VALUES and SELECT bring their own."""
    insert = Statement(sql).insert()
    assert (insert and (insert.sql, insert.format, sql[insert.data_at :])) == expected


@pytest.mark.parametrize(
    ("sql", "has_more"),
    [(b"SELECT 1;", False), (b"SELECT 1; ;\n", False), (b"SELECT ';x'", False), (b"SELECT 1; DROP TABLE t", True)],
)
def test_a_second_statement_is_seen(sql: bytes, has_more: bool) -> None:
    """A semicolon ends the text, unless something follows."""
    assert Statement(sql).has_more is has_more


@pytest.mark.parametrize(
    ("sql", "before", "behind"),
    [
        (b"SELECT 1", b"SELECT 1", b""),
        (b"SELECT ' ;' ; ;\n", b"SELECT ' ;' ", b"; ;\n"),
        (b"SELECT a FROM t WHERE a = 'x'", b"SELECT a FROM t WHERE a = 'x'", b""),
        (b"SELECT 1 -- ; FORMAT CSV", b"SELECT 1 -- ; FORMAT CSV", b""),
        (b"SELECT 1 FORMAT CSV SETTINGS a = 1;", b"SELECT 1 ", b"FORMAT CSV SETTINGS a = 1;"),
        (b"SELECT 1 SETTINGS a = 1", b"SELECT 1 SETTINGS a = 1", b""),
    ],
)
def test_where_an_answer_is_led_into_a_file(sql: bytes, before: bytes, behind: bytes) -> None:
    """Before FORMAT, else before the semicolons at the end, on a line of its own."""
    assert Statement(sql).into("/f") == before + b"\nINTO OUTFILE '/f' APPEND\n" + behind


def test_files_are_seen() -> None:
    """INTO OUTFILE and FROM INFILE, in any spelling, but not inside a string."""
    assert Statement(b"SELECT 1 into  Outfile 'x'").touches_files
    assert Statement(b"INSERT INTO t FROM INFILE 'x' FORMAT CSV").touches_files
    assert not Statement(b"SELECT 'INTO OUTFILE'").touches_files


@pytest.mark.parametrize(
    ("message", "code", "status"),
    [
        ("Code: 62. DB::Exception: Syntax error. (SYNTAX_ERROR)", 62, 400),
        ("Code: 60. DB::Exception: no. (UNKNOWN_TABLE)", 60, 404),
        ("Code: 395. DB::Exception: no. (X)", 395, 500),
        ("Code: 48. DB::Exception: no. (NOT_IMPLEMENTED)", 48, 501),
        ("something else", 1001, 500),
    ],
)
def test_status_of_an_error(message: str, code: int, status: int) -> None:
    """ClickHouse's codes map to the statuses its server gives."""
    error = EngineError(message)
    assert (error.code, error.status) == (code, status)


@pytest.mark.parametrize(
    ("name", "start"),
    [("JSON", "application/json"), ("JSONEachRow", "application/x-ndjson"), ("CSVWithNames", "text/csv"),
     ("TabSeparatedWithNames", "text/tab-separated"), ("Pretty", "text/plain"), ("Native", "application/octet-stream")],
)  # fmt: skip
def test_media_types(name: str, start: str) -> None:
    """Each format has its media type, a variant that of its family."""
    assert media_type(name).startswith(start)
