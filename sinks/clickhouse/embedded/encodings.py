"""How an answer is packed: in ClickHouse's blocks where the client asks for them, then as it accepts by HTTP."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

import cramjam

from sinks.clickhouse.embedded.frames import LZ4, ZSTD, Framed

LEVEL: Final = 3
"""Of packing by HTTP, as `http_zlib_compression_level` is by default."""
TRUE: Final = frozenset({"1", "true"})


class Packer(Protocol):
    """Packs bytes as they come."""

    def feed(self, data: bytes) -> bytes:
        """What can be sent once `data` has come; maybe nothing yet."""

    def end(self) -> bytes:
        """What is left to be sent."""


class _Zlib:
    def __init__(self, bits: int, level: int) -> None:
        self._packer = zlib.compressobj(level=level, wbits=bits)

    def feed(self, data: bytes) -> bytes:
        return self._packer.compress(data)

    def end(self) -> bytes:
        return self._packer.flush()


class _Cramjam:
    def __init__(self, packer: Any) -> None:
        self._packer = packer

    def feed(self, data: bytes) -> bytes:
        self._packer.compress(data)
        return bytes(self._packer.flush())

    def end(self) -> bytes:
        return bytes(self._packer.finish())


class Chained:
    """Packs by `first`, and what that gives by `second`."""

    def __init__(self, first: Packer, second: Packer) -> None:
        self._first, self._second = first, second

    def feed(self, data: bytes) -> bytes:
        """What can be sent once `data` has come."""
        return self._second.feed(self._first.feed(data))

    def end(self) -> bytes:
        """What is left to be sent."""
        return self._second.feed(self._first.end()) + self._second.end()


class Plain:
    """Packs nothing."""

    def feed(self, data: bytes) -> bytes:
        """`data` as it is."""
        return data

    def end(self) -> bytes:
        """Nothing is left."""
        return b""


PACKERS: Final[Mapping[str, Callable[[int], Packer]]] = {
    "zstd": lambda level: _Cramjam(cramjam.zstd.Compressor(level=level)),
    "br": lambda level: _Cramjam(cramjam.brotli.Compressor(level=level)),
    "lz4": lambda level: _Cramjam(cramjam.lz4.Compressor(level=level)),
    "gzip": lambda level: _Zlib(31, level),
    "deflate": lambda level: _Zlib(15, level),
}
"""By Content-Encoding, the best first: a server goes by its own order, not by the client's weights."""


def accepted(header: str) -> str:
    """The best encoding that an Accept-Encoding header takes; empty where it takes none of ours.

    A weight of 0 refuses an encoding; `*` stands for all that are not named
    (https://www.rfc-editor.org/rfc/rfc9110#section-12.5.3).
    """
    taken: dict[str, bool] = {}
    for part in header.lower().split(","):
        name, *parameters = (word.strip() for word in part.split(";"))
        taken[name] = not any(_is_zero(word) for word in parameters)
    return next((name for name in PACKERS if taken.get(name, taken.get("*", False))), "")


class Encoding:
    """How one request wants its answer packed. `name`: its Content-Encoding, empty for none.

    `fields` are the parameters of its URL, `accept` is its Accept-Encoding header.
    """

    def __init__(self, fields: Mapping[str, str], accept: str) -> None:
        self.blocks = fields.get("compress", "0").lower() in TRUE
        # Blocks of LZ4 are what every client opens: others only where one names them, as clickhouse-go does.
        self.method = ZSTD if fields.get("network_compression_method", "").upper() == "ZSTD" else LZ4
        wanted = fields.get("enable_http_compression", "0").lower() in TRUE
        self.name = accepted(accept) if wanted else ""
        level = fields.get("http_zlib_compression_level", "")
        self.level = int(level) if level.isascii() and level.isdecimal() and 1 <= int(level) <= 9 else LEVEL

    @property
    def headers(self) -> dict[str, str]:
        """What an answer says of it."""
        return {"Content-Encoding": self.name} if self.name else {}

    def packer(self) -> Packer:
        """A packer for one answer."""
        outer = PACKERS[self.name](self.level) if self.name else None
        if self.blocks:
            return Chained(Framed(self.method), outer) if outer else Framed(self.method)
        return outer or Plain()

    def packed(self, data: bytes) -> bytes:
        """A whole answer, `data`, packed."""
        packer = self.packer()
        return packer.feed(data) + packer.end()


def _is_zero(parameter: str) -> bool:
    name, _, value = parameter.partition("=")
    try:
        return name.strip() == "q" and float(value) == 0
    except ValueError:
        return False
