"""Native data for clients with a protocol version: every type is walked to its end; what is put between is right."""

from __future__ import annotations

from typing import Any

import pytest

from sinks.clickhouse.embedded.answers import EngineError
from sinks.clickhouse.embedded.native import BLOCK_INFO, CUSTOM_SERIALIZATION, Type, Walk, with_version

NEW = CUSTOM_SERIALIZATION


def native(client: Any, sql: str) -> bytes:
    """The answer to a query in Native format."""
    return client.raw_query(sql, fmt="Native")


@pytest.mark.parametrize(
    "expression",
    [
        "number", "toString(number)", "toLowCardinality(toString(number % 3))", "toLowCardinality(toNullable('x'))",
        "toNullable(now64(3))", "NULL", "[number, 1]", "[]", "[[toString(number)], []]", "tuple()", "(1, 'a', [1])",
        "map('k', toDecimal64(1.5, 3))", "map()", "toDecimal256(1, 3)", "toInt256(4)", "toFixedString('abc', 5)",
        "toUUID('61f0c404-5cb3-11e7-907b-a6006ad3dba0')", "CAST('a', 'Enum16(\\'a\\' = 1, \\'b, (\\' = 2)')", "true",
        "(1, 2)::Point", "toIPv4('1.2.3.4')", "toIPv6('::1')", "toDate32('2020-01-01')", "toIntervalDay(3)",
        "CAST([(1, 'x')], 'Nested(a UInt8, `b c` LowCardinality(String))')", "toFloat32(1)",
        "arrayMap(x -> toLowCardinality(toString(x)), range(number % 5))", "CAST((1, 'é'), 'Tuple(a UInt8, b String)')",
    ],
)  # fmt: skip
@pytest.mark.parametrize("rows", [1, 300])
def test_every_type_is_walked_to_its_end(client: Any, expression: str, rows: int) -> None:
    """The walk ends where the data ends, so that it found every column's end."""
    data = native(client, f"SELECT {expression} AS a, 'z' AS b FROM numbers({rows})")  # noqa: S608
    walk, seen = Walk(data), 0
    while walk.at < len(data):
        columns, block = walk.varint(), walk.varint()
        seen += block
        for _ in range(columns):
            walk.text()
            walk.column(Type(walk.text()), block)
    assert (walk.at, seen) == (len(data), rows)


def test_what_is_put_between(client: Any) -> None:
    """A block info before a block, a zero before the data of each column, nothing else."""
    data = native(client, "SELECT toUInt8(7) AS a, 'x' AS b")
    assert data == b"\x02\x01\x01a\x05UInt8\x07\x01b\x06String\x01x"
    assert with_version(data, NEW) == BLOCK_INFO + b"\x02\x01\x01a\x05UInt8\x00\x07\x01b\x06String\x00\x01x"


@pytest.mark.parametrize("version", [0, 54405])
def test_older_clients_get_what_the_engine_writes(client: Any, version: int) -> None:
    """Without a version, or with one that clickhouse-connect asks with, nothing changes."""
    data = native(client, "SELECT 1")
    assert with_version(data, version) == data


def test_an_unknown_type_is_refused_by_name(client: Any) -> None:
    """A type whose data cannot be walked is a clear error, not garbage."""
    with pytest.raises(EngineError, match=r"Code: 48.*Type AggregateFunction"):
        with_version(native(client, "SELECT sumState(number) FROM numbers(3)"), NEW)
