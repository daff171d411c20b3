"""Output records on disk on their way to output files and to ClickHouse: a file for each partition of a topic."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from struct import Struct
from typing import BinaryIO, Final, NamedTuple, Self

import orjson

from schemas.record import Record

_HEAD: Final = Struct("<iiIq")
"""Lengths of key, value (-1: none) and headers in bytes, and the timestamp in epoch milliseconds; then the three."""
_BUFFER: Final = 1 << 16
_PLACE: Final = 48


class Entry(NamedTuple):
    """Where a record is: what `Reader.value` takes, its key, and whether it has a value."""

    place: int
    key: bytes
    has_value: bool


class Spill:
    """Writes records; those of a partition come in the order of their offsets, which begin at 0."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[tuple[str, int], BinaryIO] = {}

    def write(self, record: Record) -> None:
        """Append a record. Raises OSError when there is no room."""
        topic, partition, _, timestamp, key, value, headers = record
        file = self._files.get((topic, partition))
        if file is None:
            path = _path(self._folder, topic, partition)
            file = self._files[topic, partition] = path.open("wb", buffering=_BUFFER)
        coded = _coded(headers) if headers else b""
        head = _HEAD.pack(-1 if key is None else len(key), -1 if value is None else len(value), len(coded), timestamp)
        file.write(b"".join((head, key or b"", value or b"", coded)))

    def close(self) -> None:
        """Close the files: all records have been handed to the operating system."""
        for file in self._files.values():
            file.close()


def read(folder: Path, topic: str) -> Iterator[Record]:
    """The records of a topic, partition after partition."""
    for partition, _ in _paths(folder, topic):
        yield from partition_of(folder, topic, partition)


def partition_of(folder: Path, topic: str, partition: int) -> Iterator[Record]:
    """The records of one `partition` of a topic, counted from 0; none where nothing was written."""
    path = _path(folder, topic, partition)
    if not path.exists():
        return
    with path.open("rb", buffering=1 << 20) as file:
        offset = 0
        while head := file.read(_HEAD.size):
            key, value, headers, timestamp = _HEAD.unpack(head)
            yield Record(
                topic, partition, offset, timestamp,
                None if key < 0 else file.read(key),
                None if value < 0 else file.read(value),
                _headers(file.read(headers)) if headers else (),
            )  # fmt: skip
            offset += 1


class Reader:
    """Reads the records of one topic in any order: `with Reader(folder, topic) as reader`."""

    def __init__(self, folder: Path, topic: str) -> None:
        self._paths = _paths(folder, topic)
        self._files: dict[int, int] = {}
        self._exits = ExitStack()

    def __enter__(self) -> Self:
        for partition, path in self._paths:
            self._files[partition] = self._exits.enter_context(path.open("rb")).fileno()
        return self

    def __exit__(self, *_: object) -> None:
        self._exits.close()

    def entries(self) -> Iterator[Entry]:
        """The entries of the topic, partition after partition; values stay on disk."""
        for partition, path in self._paths:
            with path.open("rb", buffering=_BUFFER) as file:
                at = 0
                while head := file.read(_HEAD.size):
                    key, value, headers, _ = _HEAD.unpack(head)
                    name = file.read(key) if key > 0 else b""
                    yield Entry(partition << _PLACE | at, name, value >= 0)
                    rest = max(value, 0) + headers
                    file.seek(rest, os.SEEK_CUR)
                    at += _HEAD.size + len(name) + rest

    def value(self, place: int) -> bytes | None:
        """The value of the record at a place."""
        file, at = self._files[place >> _PLACE], place & ((1 << _PLACE) - 1)
        key, value, _, _ = _HEAD.unpack(os.pread(file, _HEAD.size, at))
        return None if value < 0 else os.pread(file, value, at + _HEAD.size + max(key, 0))


def _path(folder: Path, topic: str, partition: int) -> Path:
    return folder / f"{topic}-{partition}.records"


def _paths(folder: Path, topic: str) -> list[tuple[int, Path]]:
    found = folder.glob(f"{topic}-*.records")
    return sorted((int(path.stem.rpartition("-")[2]), path) for path in found)


def _coded(headers: Sequence[tuple[str, bytes]]) -> bytes:
    return orjson.dumps([(name, value.hex()) for name, value in headers])


def _headers(coded: bytes) -> tuple[tuple[str, bytes], ...]:
    return tuple((name, bytes.fromhex(value)) for name, value in orjson.loads(coded))
