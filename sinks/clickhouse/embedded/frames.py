"""ClickHouse's own blocks of packed data, which clients ask for with `compress=1` and send with `decompress=1`.

A block is 16 bytes of checksum, a byte that names the method, two little-endian 32-bit sizes (of the packed data with
this head of nine bytes, and of the data), and the packed data. The checksum is CityHash128 in its version 1.0.2, of
all that follows it (https://clickhouse.com/docs/native-protocol/compression).
"""

from __future__ import annotations

from typing import Final

import cramjam
from clickhouse_cityhash.cityhash import CityHash128

from sinks.clickhouse.embedded.answers import EngineError, refusal

NONE: Final = 0x02
LZ4: Final = 0x82
ZSTD: Final = 0x90
CHECKSUM: Final = 16
HEAD: Final = 9
BLOCK: Final = 1024**2
"""Bytes of data in one block at most, as a server writes them."""
_HALF: Final = (1 << 64) - 1


class Framed:
    """Packs what it is fed into blocks, each of a mebibyte but the last; by `method`, LZ4 or ZSTD."""

    def __init__(self, method: int = LZ4) -> None:
        self._method, self._waiting = method, bytearray()

    def feed(self, data: bytes) -> bytes:
        """The blocks that `data` fills; the rest of it waits."""
        self._waiting += data
        full = len(self._waiting) // BLOCK * BLOCK
        out = b"".join(framed(bytes(self._waiting[at : at + BLOCK]), self._method) for at in range(0, full, BLOCK))
        del self._waiting[:full]
        return out

    def end(self) -> bytes:
        """The last block; nothing where nothing waits."""
        last, self._waiting = bytes(self._waiting), bytearray()
        return framed(last, self._method) if last else b""


def framed(data: bytes, method: int = LZ4) -> bytes:
    """One block with `data` in it, packed by `method`, LZ4 or ZSTD."""
    packed = bytes(
        cramjam.zstd.compress(data) if method == ZSTD else cramjam.lz4.compress_block(data, store_size=False)
    )
    sizes = (HEAD + len(packed)).to_bytes(4, "little") + len(data).to_bytes(4, "little")
    rest = bytes([method]) + sizes + packed
    return _checksum(rest) + rest


def unframed(body: bytes, limit: int) -> bytes:
    """The data of a body of blocks. Raises EngineError for what is none, and for more than `limit` bytes of data."""
    out, at = bytearray(), 0
    while at < len(body):
        head = body[at + CHECKSUM : at + CHECKSUM + HEAD]
        packed_size, size = int.from_bytes(head[1:5], "little"), int.from_bytes(head[5:9], "little")
        rest = body[at + CHECKSUM : at + CHECKSUM + packed_size]
        if len(head) < HEAD or packed_size < HEAD or len(rest) < packed_size:
            raise refusal(33, "CANNOT_READ_ALL_DATA", "The body ends within a block, or has none: see decompress=1")
        if _checksum(rest) != body[at : at + CHECKSUM]:
            raise refusal(40, "CHECKSUM_DOESNT_MATCH", "Checksum doesn't match: corrupted data in a block of the body")
        if len(out) + size > limit:
            raise refusal(307, "TOO_MANY_BYTES", f"The body is larger than {limit} bytes, packed or unpacked")
        out += _opened(head[0], rest[HEAD:], size)
        at += CHECKSUM + packed_size
    return bytes(out)


def _opened(method: int, packed: bytes, size: int) -> bytes:
    """The `size` bytes that a block's packed data stand for. Memory is taken for no more than that."""
    data = bytearray(size)
    try:
        if method == NONE:
            written, data = len(packed), bytearray(packed)
        elif method == LZ4:
            written = cramjam.lz4.decompress_block_into(packed, data) if size else len(packed) - 1
        elif method == ZSTD:
            written = cramjam.zstd.decompress_into(packed, data)
        else:
            raise refusal(432, "UNKNOWN_CODEC", f"Unknown codec family code: {method}")
    except cramjam.DecompressionError:
        raise _unopened() from None
    if written != size:
        raise _unopened()
    return bytes(data)


def _unopened() -> EngineError:
    return refusal(271, "CANNOT_DECOMPRESS", "Cannot decompress a block of the body to the size that it names")


def _checksum(data: bytes) -> bytes:
    value: int = CityHash128(data)
    return (value >> 64).to_bytes(8, "little") + (value & _HALF).to_bytes(8, "little")
