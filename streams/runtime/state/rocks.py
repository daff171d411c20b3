"""The base that lasts: one RocksDB per partition of an agent, through rocksdict in raw mode (bytes in, bytes out)."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import orjson
import structlog
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

from infra.folders import private
from streams.runtime.errors import CorruptStateError, WorkerError
from streams.runtime.state import damage
from streams.runtime.state.store import RESERVED, Position

log = structlog.get_logger("winback.state")

_POSITION: Final = RESERVED + b"position"
_DIRECTORIES: Final = 8
"""How many processes that were given the same state directory may each hold a copy of one partition."""
_cache = Cache(64 * 1024 * 1024)
"""One block cache for all partitions of a worker: RocksDB's own default would be one for each."""


def options() -> Options:
    """How every database is opened: small buffers, because a worker holds several."""
    blocks = BlockBasedOptions()
    blocks.set_block_cache(_cache)
    blocks.set_bloom_filter(10, False)
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
    beside it is taken: what is in it is checked against the changelog like any other. A damaged one is moved aside when
    it is opened; damage that shows itself later is raised as CorruptStateError, and the next opening moves it aside.
    """

    def __init__(self, directory: Path) -> None:
        self._db, self.directory = _open(directory)
        self._position = _position(self._db)

    def get(self, key: bytes) -> bytes | None:
        """The value of a key, None if there is none. Raises CorruptStateError."""
        try:
            value: bytes | None = self._db.get(key)
        except Exception as error:
            raise damage.found(self.directory, error) from error
        return value

    def scan(self, prefix: bytes) -> Iterator[tuple[bytes, bytes]]:
        """All (key, value) under a prefix, sorted, as of this call. Raises CorruptStateError."""
        bounds = ReadOptions()
        bounds.set_iterate_upper_bound(min(_behind(prefix) or RESERVED, RESERVED))
        # Not `items`: where a block cannot be read it ends as if there were no more.
        there = self._db.iter(read_opt=bounds)
        found: list[tuple[bytes, bytes]] = []
        key, value, onward = there.key, there.value, there.next
        there.seek(prefix)
        while (at := key()) is not None:
            found.append((at, value()))
            onward()
        try:
            there.status()
        except Exception as error:
            raise damage.found(self.directory, error) from error
        return iter(found)

    def write(self, changes: Mapping[bytes, bytes | None], position: Position | None) -> None:
        """Write one batch: the `changes`, values and deletions (None), and the `position` that they bring it to."""
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
        with damage.noticed(self.directory):
            self._db.write(batch)
        self._position = position

    def position(self) -> Position | None:
        """Where it stands; None if it holds nothing usable."""
        return self._position

    def clear(self) -> None:
        """Forget everything, files and all."""
        self.close()
        shutil.rmtree(self.directory, ignore_errors=True)
        self._db, self.directory = _open(self.directory)
        self._position = _position(self._db)

    def compact(self, prefixes: Sequence[bytes]) -> None:
        """Write the files that may hold keys under `prefixes` anew, each once, without what was deleted or replaced."""
        with damage.noticed(self.directory):
            self._compact(prefixes)
            # A compaction says nothing when it fails; the next write does, even one of nothing.
            self._db.write(WriteBatch(raw_mode=True))

    def _compact(self, prefixes: Sequence[bytes]) -> None:
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
        """Let go of the directory. Damage that shows itself only now is flagged; nothing more is written anyway."""
        try:
            self._db.close()
        except Exception as error:  # noqa: BLE001 - rocksdict raises plain Exception
            reason = str(damage.found(self.directory, error))
            log.error("the state was not closed cleanly", reason=reason)  # noqa: TRY400 - a foreign traceback

    def __len__(self) -> int:
        return self._db.property_int_value("rocksdb.estimate-num-keys") or 0


def _without_log() -> Any:
    options: Any = WriteOptions()  # its type stub takes the property for a method
    options.disable_wal = True
    return options


def _open(directory: Path) -> tuple[Rdict, Path]:
    for n in range(1, _DIRECTORIES + 1):
        place = directory if n == 1 else directory.with_name(f"{directory.name}-{n}")
        database = _opened(place)
        if database is not None:
            database.set_write_options(_without_log())
            return database, place
    raise WorkerError(
        f"the state in {directory} is held by {_DIRECTORIES} other processes; give each worker its own state_dir"
    )


def _opened(place: Path) -> Rdict | None:
    """A database, None if another process holds it. A damaged one is moved aside first."""
    damaged = _try(place, flagged=damage.flagged(place))
    if not isinstance(damaged, Exception):
        return damaged
    try:
        damage.set_aside(place, str(damaged))
    except OSError as error:
        raise WorkerError(f"the state in {place} is damaged ({damaged}), and cannot be moved aside: {error}") from error
    anew = _try(place, flagged=False)
    if isinstance(anew, Exception):
        raise WorkerError(f"cannot make a state folder in {place}: {anew}") from anew
    return anew


def _try(place: Path, *, flagged: bool) -> Rdict | Exception | None:
    """A database, None if another process holds it, or what shows that it is damaged. Raises WorkerError."""
    try:
        if place.parent.exists() and not place.parent.is_dir():
            damage.set_aside(place.parent, "a file where the folder of an agent should be")
        private(place.parent)
        if not place.exists() or place.is_dir():
            private(place)
        database = Rdict(str(place), options())
    except Exception as error:  # rocksdict raises plain Exception
        if damage.held(error):
            return None
        if damage.of_machine(error):
            raise WorkerError(f"cannot open the state in {place}: {error}") from error
        return error
    try:
        _position(database)
    except Exception as error:  # noqa: BLE001 - as above, or a position that is none
        flagged, reason = True, error
    else:
        reason = CorruptStateError("a read or write has found damage in it")
    if not flagged:
        return database
    with suppress(Exception):  # it is given up
        database.close()
    return reason


def _position(database: Rdict) -> Position | None:
    stored: bytes | None = database.get(_POSITION)
    return None if stored is None else Position(*orjson.loads(stored))


def _behind(prefix: bytes) -> bytes | None:
    """The first key after all that begin with a prefix; None if there is none."""
    stripped = prefix.rstrip(b"\xff")
    return stripped[:-1] + bytes([stripped[-1] + 1]) if stripped else None
