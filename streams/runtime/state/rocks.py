"""The base that lasts: one RocksDB per partition of an agent, through rocksdict in raw mode (bytes in, bytes out)."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import orjson
from rocksdict import (
    BlockBasedOptions,
    BottommostLevelCompaction,
    Cache,
    CompactOptions,
    DBCompressionType,
    Options,
    Rdict,
    ReadOptions,
    WriteBatch,
    WriteOptions,
)  # fmt: skip

from streams.runtime.errors import WorkerError
from streams.runtime.state.store import RESERVED, Position

_POSITION: Final = RESERVED + b"position"
_DIRECTORIES: Final = 8
"""How many processes that were given the same state directory may each hold a copy of one partition."""
_cache = Cache(64 * 1024 * 1024)
"""One block cache for all partitions of a worker: RocksDB's own default would be one for each."""


def options() -> Options:
    """How every database is opened: small buffers, because a worker holds several."""
    blocks = BlockBasedOptions()
    blocks.set_block_cache(_cache)
    blocks.set_bloom_filter(10.0, False)
    blocks.set_cache_index_and_filter_blocks(True)
    opts = Options(raw_mode=True)
    opts.create_if_missing(True)
    opts.set_block_based_table_factory(blocks)
    opts.set_compression_type(DBCompressionType.lz4())
    opts.set_write_buffer_size(16 * 1024 * 1024)
    opts.set_max_background_jobs(2)
    opts.set_keep_log_file_num(2)
    return opts


class RocksBase:
    """A base in a directory of its own.

    It keeps no log of its own: the changelog is one. A process that is killed loses what RocksDB had not written to
    its files yet, at most a write buffer, whole units from the end; the next one takes them from the changelog.

    When another process (one that hangs, or was given the same state directory) holds the directory, the next free one
    beside it is taken: what is in it is checked against the changelog like any other.
    """

    def __init__(self, directory: Path) -> None:
        self._db, self.directory = _open(directory)
        self._db.set_write_options(_without_log())

    def get(self, key: bytes) -> bytes | None:
        """The value of a key, None if there is none."""
        value: bytes | None = self._db.get(key)
        return value

    def scan(self, prefix: bytes) -> Iterator[tuple[bytes, bytes]]:
        """All (key, value) under a prefix, sorted, as of this call."""
        found: list[tuple[bytes, bytes]] = []
        bounds = ReadOptions()
        if (end := _behind(prefix)) is not None:
            bounds.set_iterate_upper_bound(end)
        for key, value in self._db.items(from_key=prefix, read_opt=bounds):
            if key.startswith(RESERVED):
                break
            found.append((key, value))
        return iter(found)

    def write(self, changes: Mapping[bytes, bytes | None], position: Position | None) -> None:
        """One write batch: the values, the deletions and where that brings it."""
        batch = WriteBatch(raw_mode=True)
        for key, value in changes.items():
            if value is None:
                batch.delete(key)
            else:
                batch.put(key, value)
        if position is None:
            batch.delete(_POSITION)
        else:
            batch.put(_POSITION, orjson.dumps(list(position)))
        self._db.write(batch)

    def position(self) -> Position | None:
        """Where it stands; None if it holds nothing usable."""
        stored: bytes | None = self._db.get(_POSITION)
        return None if stored is None else Position(*orjson.loads(stored))

    def clear(self) -> None:
        """Forget everything, files and all."""
        self._db.close()
        shutil.rmtree(self.directory, ignore_errors=True)
        self._db, self.directory = _open(self.directory)
        self._db.set_write_options(_without_log())

    def compact(self, prefixes: Sequence[bytes]) -> None:
        """Write the files that may hold such keys anew, each once, without what was deleted or replaced."""
        self._db.flush()
        anew = CompactOptions()
        anew.set_bottommost_level_compaction(BottommostLevelCompaction.force())
        files = sorted((file["start_key"], file["end_key"]) for file in self._db.live_files())
        begin = end = b""
        for first, last in files:
            if not any(first <= prefix <= last or first.startswith(prefix) for prefix in prefixes):
                continue
            if end and first > end:
                self._db.compact_range(begin, end + b"\x00", anew)
                begin = end = b""
            begin, end = begin or first, max(end, last)
        if end:
            self._db.compact_range(begin, end + b"\x00", anew)

    def close(self) -> None:
        """Let go of the directory."""
        self._db.close()

    def __len__(self) -> int:
        return self._db.property_int_value("rocksdb.estimate-num-keys") or 0


def _without_log() -> WriteOptions:
    options = WriteOptions()
    options.disable_wal = True
    return options


def _open(directory: Path) -> tuple[Rdict, Path]:
    for n in range(1, _DIRECTORIES + 1):
        place = directory if n == 1 else directory.with_name(f"{directory.name}-{n}")
        place.parent.mkdir(parents=True, exist_ok=True)
        try:
            return Rdict(str(place), options()), place
        except Exception as error:  # rocksdict raises plain Exception
            if "lock" not in str(error).lower():
                raise WorkerError(
                    f"cannot open the state in {place}: {error}; remove the directory, it is rebuilt from the changelog"
                ) from error
    raise WorkerError(
        f"the state in {directory} is held by {_DIRECTORIES} other processes; give each worker its own state_dir"
    )


def _behind(prefix: bytes) -> bytes | None:
    """The first key after all that begin with a prefix; None if there is none."""
    stripped = prefix.rstrip(b"\xff")
    return stripped[:-1] + bytes([stripped[-1] + 1]) if stripped else None
