"""What a request may take of ClickHouse's HTTP interface: bytes in, bytes out, memory, time, and others' turn."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import aiohttp
import cramjam
import pytest

from schemas.settings import Settings
from sinks.clickhouse.admin import Credentials
from sinks.clickhouse.embedded import serve
from sinks.clickhouse.embedded.answers import EngineError
from sinks.clickhouse.embedded.bodies import unpacked
from tests.support.http_asking import asking
from tests.support.memory import MEBIBYTE, forget, highest

Ask = Callable[..., Any]

LIMIT = 100_000


async def exchanged(address: tuple[str, int], line: bytes, header: bytes = b"") -> tuple[int, bytes, bytes]:
    """Status, head and body of the answer to a request of that first line, sent as it is."""
    reader, writer = await asyncio.open_connection(*address)
    try:
        writer.write(line + b"\r\nHost: localhost\r\n" + header + b"Connection: close\r\n\r\n")
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        return int(head.split()[1]), head + b"\r\n", body
    finally:
        writer.close()


@pytest.fixture
async def bounded(migrated: Any, embedded: Settings) -> AsyncIterator[Ask]:
    """Raw requests of a reader, where limits are low."""
    assert migrated is not None
    update = {
        "http_max_body": LIMIT, "http_max_answer": LIMIT, "http_max_memory": 200 * MEBIBYTE, "http_max_seconds": 1.0,
    }  # fmt: skip
    async with serve(embedded.model_copy(update=update)) as bound, asking(bound) as ask:
        yield ask


@pytest.fixture
async def crowded(migrated: Any, embedded: Settings) -> AsyncIterator[Ask]:
    """Raw requests of an interface that takes one query at a time, and lets none wait."""
    assert migrated is not None
    async with serve(embedded, threads=1, waiting=0) as bound, asking(bound) as ask:
        yield ask


PACK: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": lambda data: bytes(cramjam.brotli.compress(data, level=1)),
    "zstd": lambda data: bytes(cramjam.zstd.compress(data)),
    "lz4": lambda data: bytes(cramjam.lz4.compress(data)),
}


def raw_deflate(data: bytes) -> bytes:
    """Deflate without zlib's frame, as some clients send it."""
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


@pytest.mark.parametrize("encoding", list(PACK))
async def test_packed_statements(bounded: Ask, encoding: str) -> None:
    """Every encoding is undone; one byte more than the limit is refused, packed or not, and so is rubbish."""
    pack, headers = PACK[encoding], {"Content-Encoding": encoding} if encoding else {}
    assert (await bounded("POST", data=pack(b"SELECT 1"), headers=headers))[2] == b"1\n"
    fits = b"SELECT 1".ljust(LIMIT)
    assert (await bounded("POST", data=pack(fits), headers=headers))[2] == b"1\n"
    status, answered, body = await bounded("POST", data=pack(fits + b" "), headers=headers)
    assert (status, answered["X-ClickHouse-Exception-Code"]) == (413, "307"), body
    if encoding:
        packed = pack(fits)
        for wrong in (packed[:-1], b"nonsense"):
            status, answered, _ = await bounded("POST", data=wrong, headers=headers)
            assert (status, answered["X-ClickHouse-Exception-Code"]) == (400, "354")


async def test_bodies_without_a_length_and_forms(bounded: Ask) -> None:
    """Neither chunks nor the fields of a form get past the limit."""

    async def chunks(size: int) -> AsyncIterator[bytes]:
        for _ in range(size // 1000):
            yield b"SELECT 1".ljust(1000) if size == 1000 else b" " * 1000

    assert (await bounded("POST", data=chunks(1000)))[2] == b"1\n"
    assert (await bounded("POST", data=chunks(10 * LIMIT)))[0] == 413
    form = aiohttp.FormData({"query": "SELECT 1", "param_a": "x" * 2 * LIMIT}, default_to_multipart=True)
    assert (await bounded("POST", data=form))[0] == 413


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd", "lz4"])
def test_a_bomb_takes_no_memory(encoding: str) -> None:
    """A packed body of some hundred megabytes of blanks is given up at the limit."""
    bomb = PACK[encoding](b" " * 200 * MEBIBYTE)
    before = forget()
    with pytest.raises(EngineError, match="Code: 307"):
        unpacked(bomb, encoding, LIMIT)
    assert highest() - before < 20 * MEBIBYTE


def test_members_and_frames() -> None:
    """Gzip in several members, and deflate without its frame, are whole bodies."""
    assert unpacked(gzip.compress(b"a") + gzip.compress(b"b"), "gzip", 2) == b"ab"
    with pytest.raises(EngineError, match="Code: 307"):
        unpacked(gzip.compress(b"a") + gzip.compress(b"b"), "gzip", 1)
    assert unpacked(raw_deflate(b"abc"), "deflate", 3) == b"abc"
    with pytest.raises(EngineError, match="Content-Encoding compress"):
        unpacked(b"x", "compress", 3)


@pytest.mark.parametrize(
    ("sql", "status", "code"),
    [
        ("SELECT number FROM numbers(1000000)", 413, "396"),
        ("SELECT '' FROM numbers(60000) FORMAT JSONEachRow", 413, "396"),
        ("SELECT length(groupArray(repeat('x', 1000000))) FROM numbers(1000)", 500, "241"),
        ("SELECT count() FROM numbers(1000000000000) WHERE sipHash64(number) = 1", 408, "159"),
        ("SELECT count() FROM system.numbers", 408, "159"),
    ],
)
async def test_answers_memory_and_time(bounded: Ask, sql: str, status: int, code: str) -> None:
    """A query that would go beyond is ended, with ClickHouse's code for it."""
    got, headers, body = await bounded("POST", data=sql)
    assert (got, headers["X-ClickHouse-Exception-Code"]) == (status, code), body[:300]


async def test_long_urls(ask: Ask) -> None:
    """Clients put parameters into the URL: far more than 8 KB arrive."""
    text = "x" * 100_000
    _, _, body = await ask("GET", params={"query": "SELECT length({t:String})", "param_t": text})
    assert body == b"100000\n"


@pytest.mark.parametrize("size", [8191, 70_000, 1024**2 - 100])
async def test_urls_up_to_a_mebibyte(address: tuple[str, int], size: int) -> None:
    """A URL may have as many bytes as a server takes, in however many pieces it comes."""
    line = b"GET /?query=SELECT+length({t:String})&param_t=".ljust(size, b"x") + b" HTTP/1.1"
    status, _, body = await exchanged(address, line)
    assert (status, body) == (200, b"%d\n" % (size - 46))


@pytest.mark.parametrize(
    ("line", "header"),
    [
        (b"GET /?query=SELECT+1&param_t=".ljust(1024**2 + 100, b"x") + b" HTTP/1.1", b""),
        (b"GET /?query=SELECT+1&param_t=".ljust(3 * 1024**2, b"x") + b" HTTP/1.1", b""),
        (b"GET /?query=SELECT+1 HTTP/1.1", b"X-Long: ".ljust(1024**2 + 100, b"y") + b"\r\n"),
        (b"NONSENSE", b""),
        (b"GET /?query=SELECT+1 HTTP/1.1", b"no header\r\n"),
    ],
)
async def test_no_request_is_told_in_clickhouses_words(
    address: tuple[str, int], line: bytes, header: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """A URL or header that is too long, and what is no HTTP: a code, its text, and no traceback anywhere."""
    status, head, body = await exchanged(address, line, header)
    assert status == 400
    assert b"X-ClickHouse-Exception-Code: 1000\r\n" in head
    assert body.startswith(b"Code: 1000. DB::Exception: HTTP request: ")
    assert len(body) < 300
    assert not [record for record in caplog.records if record.exc_info]
    status, _, _ = await exchanged(address, b"GET /ping HTTP/1.1")
    assert status == 200


async def test_long_statements(ask: Ask) -> None:
    """One longer than the engine takes is refused before it is taken apart."""
    status, _, body = await ask("POST", data=b"SELECT " + b"1," * 200_000 + b"1")
    assert (status, b"Max query size exceeded" in body) == (400, True)


async def test_too_many_wait(crowded: Ask, admin: Credentials) -> None:
    """Beyond those that may wait a query is refused at once, and health checks go on; later there is room again."""
    headers = {"X-ClickHouse-User": admin.user, "X-ClickHouse-Key": admin.password}

    async def held() -> None:
        while (await crowded("POST", data="SELECT sleep(1)", headers=headers))[0] == 503:
            pass

    slow = asyncio.create_task(held())
    while (answer := await crowded("GET", params={"query": "SELECT 1"}))[0] == 200:
        assert not slow.done()
    assert (answer[0], answer[1]["X-ClickHouse-Exception-Code"]) == (503, "202")
    assert (await crowded("GET", "/ping"))[0] == 200
    await slow
    assert (await crowded("GET", params={"query": "SELECT 1"}))[0] == 200
