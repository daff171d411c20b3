"""How answers and bodies are packed on ClickHouse's HTTP interface: its own blocks, and what HTTP clients accept."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cramjam
import pytest

from schemas.settings import Settings
from sinks.clickhouse.client import target
from sinks.clickhouse.embedded.answers import EngineError
from sinks.clickhouse.embedded.encodings import accepted
from sinks.clickhouse.embedded.frames import BLOCK, CHECKSUM, HEAD, LZ4, NONE, ZSTD, Framed, _checksum, framed, unframed
from tests.support.memory import MEBIBYTE, forget, highest

Ask = Callable[..., Any]

SOME = b"".join(b"%d\n" % number for number in range(1000))
LINES = "SELECT number FROM numbers(1000)"
UNPACK: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.decompress,
    "deflate": zlib.decompress,
    "br": lambda data: bytes(cramjam.brotli.decompress(data)),
    "zstd": lambda data: bytes(cramjam.zstd.decompress(data)),
    "lz4": lambda data: bytes(cramjam.lz4.decompress(data)),
}


def block(method: int, packed: bytes, size: int) -> bytes:
    """A block that names these, with the right checksum."""
    rest = bytes([method]) + (HEAD + len(packed)).to_bytes(4, "little") + size.to_bytes(4, "little") + packed
    return _checksum(rest) + rest


@pytest.mark.parametrize("codec", ["LZ4", "ZSTD(3)", "NONE", "LZ4HC(9)"])
def test_blocks_are_those_of_the_engine(client: Any, embedded: Settings, codec: str) -> None:
    """What the engine itself has written to disk is read, checksums and all."""
    client.command(f"CREATE TABLE framed (a String CODEC({codec})) ENGINE = Log")
    try:
        client.command("INSERT INTO framed SELECT toString(number) FROM numbers(300000)")
        store = Path(target(embedded).path)
        name = client.command("SELECT data_paths[1] FROM system.tables WHERE name = 'framed' AND database = 'winback'")
        data = (store / name / "a.bin").read_bytes()
        found = unframed(data, 10 * BLOCK)
        assert found == b"".join(bytes([len(text)]) + text for text in (b"%d" % n for n in range(300_000)))
        assert {data[CHECKSUM]} == {{"LZ4": LZ4, "LZ4HC(9)": LZ4, "ZSTD(3)": ZSTD, "NONE": NONE}[codec]}
    finally:
        client.command("DROP TABLE framed")


def test_blocks_come_full_and_end_with_the_rest() -> None:
    """However the data come, blocks hold a mebibyte each, and give the data back; nothing makes no block."""
    data = bytes(range(256)) * 10_000
    for step in (1000, BLOCK, len(data)):
        packer = Framed()
        out = b"".join(packer.feed(data[at : at + step]) for at in range(0, len(data), step)) + packer.end()
        assert unframed(out, len(data)) == data
        assert int.from_bytes(out[CHECKSUM + 5 : CHECKSUM + 9], "little") == BLOCK
    assert Framed().end() == b""
    assert unframed(b"", 0) == b""


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (framed(b"abc")[:-1], 33),
        (framed(b"abc") + b"x", 33),
        (b"SELECT 1", 33),
        (framed(b"abc")[:-1] + b"x", 40),
        (b"\0" + framed(b"abc")[1:], 40),
        (block(0x91, b"abc", 3), 432),
        (block(LZ4, b"\xff\xff\xff", 3), 271),
        (block(LZ4, framed(b"abc")[CHECKSUM + HEAD :], 2), 271),
        (block(LZ4, framed(b"abc")[CHECKSUM + HEAD :], 4), 271),
        (block(NONE, b"abc", 4), 271),
        (block(ZSTD, b"abc", 3), 271),
        (block(ZSTD, bytes(cramjam.zstd.compress(b"abcd")), 3), 271),
        (block(LZ4, b"", 2**32 - 1), 307),
    ],
)
def test_what_is_no_block_is_refused(body: bytes, code: int) -> None:
    """Cut short, altered, of another method, or larger or smaller than it says: with the engine's codes."""
    with pytest.raises(EngineError, match=f"Code: {code}\\. "):
        unframed(body, 1000)


def test_a_bomb_of_blocks_takes_no_memory() -> None:
    """Blocks that stand for far more than the limit are given up before memory is taken for them."""
    zeros = bytes(100 * BLOCK)
    bombs = [framed(zeros), framed(bytes(900)) * 100_000, block(ZSTD, bytes(cramjam.zstd.compress(zeros)), 1000)]
    del zeros
    before = forget()
    for bomb in bombs:
        with pytest.raises(EngineError, match=r"Code: (307|271)\. "):
            unframed(bomb, 100_000)
    assert highest() - before < 20 * MEBIBYTE


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("", ""), ("identity", ""), ("gzip", "gzip"), ("deflate", "deflate"), ("br, gzip", "br"), ("lz4", "lz4"),
        ("gzip, deflate, br, zstd", "zstd"), ("zstd;q=0.1, br;q=1", "zstd"), ("br;q=0, gzip", "gzip"),
        ("zstd;q=0, br;q=0.000", ""), ("zstd; q=0, gzip ; q=1", "gzip"), ("X-gzip-custom", ""), ("GZip", "gzip"),
        ("zstd;Q=0, GZip;Q=0.5", "gzip"), ("*", "zstd"), ("*;q=0", ""), ("zstd;q=0, *;q=1", "br"),
        ("gzip;q=nonsense", "gzip"), (";,;q", ""),
    ],
)  # fmt: skip
def test_what_a_client_accepts(header: str, name: str) -> None:
    """The server's order among what has a weight, as a server of ClickHouse chooses."""
    assert accepted(header) == name


@pytest.mark.parametrize("name", list(UNPACK))
async def test_answers_are_packed_as_asked(bare: Ask, name: str) -> None:
    """Only where the setting is on and the client accepts it; the answer says how; errors are packed like answers."""
    accept, on = {"Accept-Encoding": name}, {"enable_http_compression": "1"}
    status, headers, body = await bare("POST", params=on, headers=accept, data=LINES)
    assert (status, headers["Content-Encoding"], UNPACK[name](body)) == (200, name, SOME)
    assert len(body) < len(SOME)
    status, headers, body = await bare("POST", params=on, headers=accept, data="SELECT nope")
    assert (status, headers["Content-Encoding"], headers["X-ClickHouse-Exception-Code"]) == (404, name, "47")
    assert UNPACK[name](body).startswith(b"Code: 47. DB::Exception: ")
    for params, given in ((on, "identity"), (on, f"{name};q=0"), ({}, name), ({"enable_http_compression": "0"}, name)):
        _, headers, body = await bare("POST", params=params, headers={"Accept-Encoding": given}, data=LINES)
        assert ("Content-Encoding" in headers, body) == (False, SOME)


async def test_answers_in_blocks(bare: Ask) -> None:
    """`compress=1` packs answers and errors into blocks, which no header tells; by HTTP they are packed once more."""
    _, headers, body = await bare("POST", params={"compress": "1"}, data=LINES)
    assert ("Content-Encoding" in headers, unframed(body, BLOCK)) == (False, SOME)
    _, _, body = await bare("POST", params={"compress": "1"}, data="SELECT nope")
    assert unframed(body, BLOCK).startswith(b"Code: 47. DB::Exception: ")
    both = {"compress": "1", "enable_http_compression": "1"}
    _, _, body = await bare("POST", params=both, headers={"Accept-Encoding": "gzip"}, data=LINES)
    assert unframed(gzip.decompress(body), BLOCK) == SOME
    assert (await bare("POST", params={"compress": "0"}, data=LINES))[2] == SOME
    for name, method in (("LZ4", LZ4), ("zstd", ZSTD), ("LZ4HC", LZ4)):
        params = {"compress": "1", "network_compression_method": name, "network_zstd_compression_level": "3"}
        _, _, body = await bare("POST", params=params, data=LINES)
        assert (body[CHECKSUM], unframed(body, BLOCK)) == (method, SOME)


@pytest.mark.parametrize("method", [LZ4, ZSTD, NONE])
async def test_bodies_in_blocks(bare: Ask, write: Ask, method: int) -> None:
    """`decompress=1`: statements and data of an insert come in blocks, also inside a Content-Encoding."""

    def blocks(data: bytes) -> bytes:
        if method == LZ4:
            return framed(data)
        return block(method, data if method == NONE else bytes(cramjam.zstd.compress(data)), len(data))

    on = {"decompress": "1"}
    assert (await bare("POST", params=on, data=blocks(b"SELECT ") + blocks(b"1")))[2] == b"1\n"
    packed = gzip.compress(blocks(b"SELECT 2"))
    assert (await bare("POST", params=on, data=packed, headers={"Content-Encoding": "gzip"}))[2] == b"2\n"
    assert (await bare("POST", params={**on, "query": "SELECT 3"}))[2] == b"3\n"
    status, headers, _ = await bare("POST", params=on, data="SELECT 1")
    assert (status, headers["X-ClickHouse-Exception-Code"]) == (500, "33")
    await write(data="CREATE TABLE t (a UInt32) ENGINE = Memory")
    try:
        await write(params={**on, "query": "INSERT INTO t FORMAT CSV"}, data=blocks(b"1\n2\n"))
        assert (await bare("POST", data="SELECT sum(a) FROM t"))[2] == b"3\n"
    finally:
        await write(data="DROP TABLE t")
