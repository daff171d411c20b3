"""Large answers of ClickHouse's HTTP interface: sent while they are made, held nowhere, bounded, visibly cut off."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import aiohttp
import clickhouse_connect
import pytest
from clickhouse_connect.driver.exceptions import StreamFailureError

from schemas.settings import Settings
from sinks.clickhouse.embedded import serve
from sinks.clickhouse.embedded.frames import unframed
from sinks.clickhouse.embedded.native import CUSTOM_SERIALIZATION, Versioned, with_version
from tests.support.http_asking import asking
from tests.support.memory import MEBIBYTE, forget, highest

Ask = Callable[..., Any]

MANY = "SELECT number, toString(number) AS text FROM numbers(2100000)"
ENDLESS = "SELECT number FROM system.numbers WHERE sipHash64(number) % 30 = 0 SETTINGS max_threads = 1"


@pytest.fixture
async def tight(migrated: Any, embedded: Settings) -> AsyncIterator[tuple[str, int]]:
    """The address of an interface with answers of at most 4 MiB, one query at a time."""
    assert migrated is not None
    async with serve(embedded.model_copy(update={"http_max_answer": 4 * MEBIBYTE}), threads=1) as bound:
        yield bound


@pytest.mark.parametrize("format_name", ["JSON", "Native", "Parquet", "CSVWithNames"])
async def test_large_answers_are_whole(ask: Ask, format_name: str) -> None:
    """More than is held back: as it would be in one piece, down to the end, and the headers tell its format."""
    sql = f"SELECT number, toString(number) AS text FROM numbers(300000) FORMAT {format_name}"  # noqa: S608
    status, headers, body = await ask("POST", data=sql)
    assert (status, headers["X-ClickHouse-Format"]) == (200, format_name)
    assert len(body) > MEBIBYTE
    if format_name == "JSON":
        told = json.loads(body)
        assert (told["rows"], told["data"][-1]) == (300_000, {"number": 299_999, "text": "299999"})
    elif format_name == "CSVWithNames":
        assert body == b'"number","text"\n' + b"".join(b'%d,"%d"\n' % (n, n) for n in range(300_000))
    else:
        small = (await ask("POST", data=sql.replace("300000", "3")))[2]
        assert (body[:4], body[-4:]) == (small[:4], small[-4:]) if format_name == "Parquet" else len(body) % 1 == 0


async def test_large_answers_are_packed_as_they_come(bare: Ask) -> None:
    """In blocks and by HTTP, through the end."""
    expected = b"".join(b"%d\n" % n for n in range(500_000))
    params = {"compress": "1", "enable_http_compression": "1"}
    sql = "SELECT number FROM numbers(500000)"
    _, headers, body = await bare("POST", params=params, headers={"Accept-Encoding": "gzip"}, data=sql)
    assert headers["Transfer-Encoding"] == "chunked"
    assert unframed(gzip.decompress(body), len(expected)) == expected


async def test_an_answer_is_in_no_memory(address: tuple[str, int]) -> None:
    """Some 80 MB go through the process; neither it nor its client here hold more than a part at a time."""
    base = f"http://{address[0]}:{address[1]}/"
    async with aiohttp.ClientSession() as session:
        async with session.post(base, data=MANY.replace("2100000", "1000000")) as answer:
            await answer.read()  # what an engine takes in any case
        before, seen = forget(), 0
        async with session.post(base, data=f"{MANY} FORMAT JSONEachRow SETTINGS max_threads = 1") as answer:
            async for part in answer.content.iter_any():
                seen += len(part)
    assert seen > 65 * MEBIBYTE
    assert highest() - before < 40 * MEBIBYTE, (seen, highest() - before)


async def test_it_begins_before_it_ends_and_its_bound_is_seen(tight: tuple[str, int]) -> None:
    """An endless query sends what it has; at the bound the answer is cut off, with the error at its end."""
    base, got = f"http://{tight[0]}:{tight[1]}/", bytearray()
    async with aiohttp.ClientSession() as session, session.post(base, data=ENDLESS) as answer:
        assert answer.status == 200
        tag = answer.headers["X-ClickHouse-Exception-Tag"].encode()

        async def read() -> None:
            async for part in answer.content.iter_any():
                got.extend(part)

        with pytest.raises(aiohttp.ClientPayloadError):
            await read()
    assert len(got) > MEBIBYTE
    text, size, rest = got.rpartition(b"\r\n__exception__\r\n" + tag + b"\r\n")[2].partition(b"\n")
    assert text.startswith(b"Code: 396. DB::Exception: Limit for result exceeded")
    assert rest == b"%d %b\r\n__exception__\r\n" % (len(text + size), tag)


async def test_clickhouse_connect_sees_the_cut(tight: tuple[str, int]) -> None:
    """Its stream ends in the engine's error, not in fewer rows."""

    def read() -> None:
        with (
            clickhouse_connect.get_client(host=tight[0], port=tight[1], compress=False) as client,
            client.query_row_block_stream(ENDLESS) as stream,
        ):
            for _ in stream:
                pass

    with pytest.raises(StreamFailureError, match="Limit for result exceeded"):
        await asyncio.to_thread(read)


async def test_errors_have_a_status_where_the_end_is_awaited(tight: tuple[str, int]) -> None:
    """`wait_end_of_query=1` holds an answer back to its end, and then tells what became of it."""
    late = "SELECT throwIf(number = 500000, 'too late') FROM numbers(1000000) SETTINGS max_block_size = 1000"
    async with asking(tight) as ask:
        held = {"wait_end_of_query": "1"}
        status, headers, body = await ask("POST", params=held, data=f"{late}, max_threads = 1")
        assert (status, headers["X-ClickHouse-Exception-Code"], b"too late" in body) == (500, "395", True), body
        status, headers, _ = await ask("POST", params={"http_wait_end_of_query": "1"}, data=ENDLESS)
        assert (status, headers["X-ClickHouse-Exception-Code"]) == (413, "396")
        _, headers, body = await ask("POST", params=held, data="SELECT number FROM numbers(300000)")
        assert json.loads(headers["X-ClickHouse-Summary"])["read_rows"] == "300000"


async def test_who_reads_slowly_holds_up_nobody(tight: tuple[str, int]) -> None:
    """A client that takes nothing of its answer leaves the engine to the next."""
    base = f"http://{tight[0]}:{tight[1]}/"
    sql = "SELECT number FROM numbers(500000)"
    async with aiohttp.ClientSession(read_bufsize=1024) as session, session.post(base, data=sql) as answer:
        await answer.content.readexactly(1)
        async with asking(tight) as ask:
            assert (await ask("POST", data="SELECT 1"))[2] == b"1\n"
        assert (await answer.read()).endswith(b"\n499999\n")


def test_blocks_with_a_version_come_in_any_pieces(client: Any) -> None:
    """However the engine's data are cut, the blocks a client reads are the same."""
    data = client.raw_query("SELECT toString(number), [number] FROM numbers(70000)", fmt="Native")
    whole = with_version(data, CUSTOM_SERIALIZATION)
    for step in (1 if len(data) < 1000 else 50_000, 100_003, len(data)):
        versioned = Versioned(CUSTOM_SERIALIZATION)
        parts = [versioned.feed(data[at : at + step]) for at in range(0, len(data), step)]
        assert b"".join([*parts, versioned.end()]) == whole
