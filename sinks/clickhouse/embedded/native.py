"""Native blocks for clients that name their protocol version, as Grafana's plugin does (clickhouse-go).

The embedded engine writes Native as for a client without a version. For one with a version a server puts a block info
before each block, and from 54454 on a byte before each column's data that says how it is serialised (0: as always). To
know where each column ends, its data is walked by its type. A client that names an older version is answered as one
without: clickhouse-connect does, asks first whether that has an effect, and reads more types this way.
"""

from __future__ import annotations

import re
from typing import Final

from sinks.clickhouse.embedded.answers import NOT_IMPLEMENTED, refusal

CUSTOM_SERIALIZATION: Final = 54454
"""The first version with that byte before each column's data."""
DEFAULT_SERIALIZATION: Final = b"\x00"
BLOCK_INFO: Final = b"\x01\x00\x02\xff\xff\xff\xff\x00"
"""Field 1, overflows: no. Field 2, bucket: -1. End."""

_WIDTHS: Final = {
    "Nothing": 1, "Bool": 1, "Int8": 1, "UInt8": 1, "Enum8": 1, "Int16": 2, "UInt16": 2, "Enum16": 2, "Date": 2,
    "BFloat16": 2, "Int32": 4, "UInt32": 4, "Float32": 4, "Date32": 4, "DateTime": 4, "IPv4": 4, "Time": 4, "Int64": 8,
    "UInt64": 8, "Float64": 8, "DateTime64": 8, "Time64": 8, "Int128": 16, "UInt128": 16, "UUID": 16, "IPv6": 16,
    "Int256": 32, "UInt256": 32,
}  # fmt: skip
_ALIASES: Final = {
    "Point": "Tuple(Float64, Float64)", "Ring": "Array(Point)", "LineString": "Array(Point)", "Polygon": "Array(Ring)",
    "MultiLineString": "Array(LineString)", "MultiPolygon": "Array(Polygon)",
}  # fmt: skip
_NAME: Final = re.compile(r"[A-Za-z0-9_]+")
_FIELD: Final = re.compile(r"(?:[A-Za-z_][A-Za-z0-9_]*|`(?:[^`\\]|\\.)*`)\s+(?=[A-Za-z])")
_PART: Final = re.compile(r"'(?:[^'\\]|\\.|'')*'|`(?:[^`\\]|\\.)*`|[(),]|[^'`(),]+")


class Type:
    """A type by its name, the text that a server writes: its outer name and, in order, types or arguments inside."""

    def __init__(self, text: str) -> None:
        text = _ALIASES.get(text.strip(), text.strip())
        found = _NAME.match(text)
        self.name = found[0] if found else ""
        self.args = _arguments(text[len(self.name) :].strip()[1:-1])

    def inside(self) -> list[Type]:
        """The types it is made of; names of a tuple's elements are left out."""
        if self.name == "SimpleAggregateFunction":
            return [Type(self.args[1])]
        if self.name in ("Tuple", "Nested"):
            return [Type(_FIELD.sub("", arg, count=1)) for arg in self.args]
        return [Type(arg) for arg in self.args] if self.name in ("Nullable", "Array", "Map", "LowCardinality") else []

    def width(self) -> int:
        """How many bytes a value of a fixed width has; 0 for a type without one."""
        if self.name == "FixedString":
            return int(self.args[0])
        if self.name == "Decimal":
            digits = int(self.args[0])
            return next(width for most, width in ((9, 4), (18, 8), (38, 16), (76, 32)) if digits <= most)
        return 8 if self.name.startswith("Interval") else _WIDTHS.get(self.name, 0)


class Walk:
    """A place in Native data that moves over what it is told to be there."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def varint(self) -> int:
        """A length: seven bits a byte, the lowest first."""
        value = shift = 0
        while True:
            byte = self.data[self.at]
            self.at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7

    def text(self) -> str:
        """A string with its length before it. Raises IndexError when it is not all there."""
        size = self.varint()
        self.at += size
        if self.at > len(self.data):
            raise IndexError("a string that is not all there")
        return self.data[self.at - size : self.at].decode()

    def column(self, kind: Type, rows: int) -> None:
        """Over one column of so many rows: what its types put first, then its values."""
        self._prefix(kind)
        self._values(kind, rows)

    def _number(self) -> int:
        self.at += 8
        return int.from_bytes(self.data[self.at - 8 : self.at], "little")

    def _prefix(self, kind: Type) -> None:
        if kind.name == "LowCardinality":
            self.at += 8
            return
        for inner in kind.inside():
            self._prefix(inner)

    def _values(self, kind: Type, rows: int) -> None:
        if width := kind.width():
            self.at += width * rows
        elif kind.name == "String":
            for _ in range(rows):
                size = self.varint()
                self.at += size
        elif kind.name == "Nullable":
            self.at += rows
            self._values(kind.inside()[0], rows)
        elif kind.name in ("Array", "Map", "Nested"):
            self.at += 8 * (rows - 1) if rows else 0
            elements = self._number() if rows else 0
            for inner in kind.inside():
                self._values(inner, elements)
        elif kind.name in ("Tuple", "SimpleAggregateFunction"):
            for inner in kind.inside():
                self._values(inner, rows)
            self.at += 0 if kind.args else rows
        elif kind.name == "LowCardinality":
            self._low_cardinality(kind.inside()[0], rows)
        else:
            told = f"Type {kind.name} in Native for a client with a protocol version: ask in another format"
            raise refusal(NOT_IMPLEMENTED, "NOT_IMPLEMENTED", told)

    def _low_cardinality(self, kind: Type, rows: int) -> None:
        if not rows:
            return
        key_width = 1 << (self._number() & 0xFF)
        self._values(kind.inside()[0] if kind.name == "Nullable" else kind, self._number())
        keys = self._number()
        self.at += keys * key_width


class Versioned:
    """Native data of the engine as a client of that protocol `version` reads them, block by block."""

    def __init__(self, version: int) -> None:
        self._version, self._waiting = version, bytearray()
        self._enough = 0

    def feed(self, data: bytes) -> bytes:
        """The blocks that `data` completes. Raises EngineError for a type unknown here."""
        if self._version < CUSTOM_SERIALIZATION:
            return data
        self._waiting += data
        if len(self._waiting) < self._enough:
            return b""
        whole = self._whole()
        # A block is walked from its beginning each time: only when there is twice as much, so that it takes no more.
        self._enough = 2 * len(self._waiting)
        return whole

    def end(self) -> bytes:
        """What is left, its last part as it is where no block ends there. Raises EngineError as `feed` does."""
        return self._whole() + bytes(self._waiting)

    def _whole(self) -> bytes:
        data, out, at = bytes(self._waiting), bytearray(), 0
        while at < len(data):
            try:
                block, at = _block(data, at)
            except IndexError:
                break
            out += block
        del self._waiting[:at]
        return bytes(out)


def with_version(data: bytes, version: int) -> bytes:
    """The same data as a client of that protocol version reads it. Raises EngineError for a type unknown here."""
    versioned = Versioned(version)
    return versioned.feed(data) + versioned.end()


def _block(data: bytes, at: int) -> tuple[bytes, int]:
    """The block that begins there, and where it ends. Raises IndexError when it is not all there."""
    out, walk = bytearray(BLOCK_INFO), Walk(data)
    start = walk.at = at
    columns, rows = walk.varint(), walk.varint()
    out += data[start : walk.at]
    for _ in range(columns):
        start = walk.at
        walk.text()
        kind = Type(walk.text())
        out += data[start : walk.at] + DEFAULT_SERIALIZATION
        start = walk.at
        if rows:
            walk.column(kind, rows)
        out += data[start : walk.at]
    if walk.at > len(data):
        raise IndexError("a block that is not all there")
    return bytes(out), walk.at


def _arguments(text: str) -> list[str]:
    """What stands between the outermost commas."""
    depth, parts = 0, [""]
    for token in _PART.findall(text):
        depth += (token == "(") - (token == ")")  # noqa: S105 - a parenthesis
        if token == "," and not depth:  # noqa: S105
            parts.append("")
        else:
            parts[-1] += token
    return [part.strip() for part in parts if part.strip()]
