"""A producer (of real batches) and a changelog in memory, each place where a real one may fail; and small tasks."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Sequence

from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.structs import RecordMetadata, TopicPartition

from schemas.record import Out, Record
from streams.core.protocol.ports import Emit, Store


async def until(condition: Callable[[], object]) -> None:
    """Returns once a condition is true; raises TimeoutError after five seconds."""

    async def wait() -> None:
        while not condition():  # noqa: ASYNC110 - what is waited for has no event, and that is the point of the tests
            await asyncio.sleep(0.001)

    await asyncio.wait_for(wait(), 5)


def unpacked(batch: BatchBuilder) -> list[tuple[int, bytes | None, bytes | None, list]]:
    """The timestamp, key, value and headers of each record of a batch, read from its bytes."""
    read = MemoryRecords(bytes(batch._build()))
    found = []
    while read.has_next():
        found += [(r.timestamp, r.key, r.value, r.headers) for r in read.next_batch()]
    assert len(found) == batch.record_count()
    return found


class FakeProducer:
    """Topics as lists of records. `fail(topic, n)` breaks the n-th batch of a topic; `hold` delays acknowledgements."""

    def __init__(self, batch_bytes: int = 1000) -> None:
        self.logs: dict[tuple[str, int], list[Record]] = defaultdict(list)
        self.batches: dict[tuple[str, int], int] = defaultdict(int)
        self.order: list[str] = []
        self.acknowledged: list[str] = []
        self._batch_bytes = batch_bytes
        self._writes: list[asyncio.Task] = []
        self._failing: dict[tuple[str, int], BaseException] = {}
        self.release = asyncio.Event()
        self.release.set()

    def fail(self, topic: str, nth: int, error: BaseException) -> None:
        self._failing[topic, nth] = error

    def create_batch(self) -> BatchBuilder:
        return BatchBuilder(self._batch_bytes, 0)

    async def send_batch(self, batch: BatchBuilder, topic: str, *, partition: int):
        self.order.append(topic)
        nth = self.batches[topic, partition]
        self.batches[topic, partition] += 1
        future = asyncio.get_running_loop().create_future()
        self._writes.append(asyncio.ensure_future(self._write(batch, topic, partition, nth, future)))
        return future

    async def _write(self, batch, topic, partition, nth, future) -> None:
        await self.release.wait()
        await asyncio.sleep(0)
        error = self._failing.pop((topic, nth), None)
        if error is not None:
            future.set_exception(error)
            return
        base = self.put(topic, partition, unpacked(batch))
        self.acknowledged.append(topic)
        future.set_result(RecordMetadata(topic, partition, TopicPartition(topic, partition), base, -1, 0, 0))

    def put(self, topic: str, partition: int, records: Iterable[tuple]) -> int:
        log = self.logs[topic, partition]
        base = log[-1].offset + 1 if log else 0
        for n, (timestamp, key, value, headers) in enumerate(records):
            log.append(Record(topic, partition, base + n, timestamp or 0, key, value, tuple(headers)))
        return base

    def log(self, topic: str, partition: int = 0) -> FakeLog:
        return FakeLog(self.logs[topic, partition])


class FakeLog:
    """One partition of it, as restore reads it."""

    def __init__(self, records: list[Record]) -> None:
        self.records = records

    async def end(self) -> int:
        return self.records[-1].offset + 1 if self.records else 0

    async def read(self, start: int | None, end: int) -> AsyncIterator[Sequence[Record]]:
        found = [r for r in self.records if (start or 0) <= r.offset < end]
        for at in range(0, len(found), 7):
            yield found[at : at + 7]


def compacted(records: list[Record], upto: int) -> list[Record]:
    """What log compaction leaves of the records before an offset: the last of each key."""
    last = {r.key: r.offset for r in records if r.offset < upto}
    return [r for r in records if r.offset >= upto or last[r.key] == r.offset]


class Counting:
    """Counts records by key in its store, emits each count, and a total with `after`.

    `step`: consumes at most so many records a call.
    """

    def __init__(self, store: Store, emit: Emit, *, step: int = 10_000, out: str = "out") -> None:
        self.store = store
        self.emit = emit
        self.step = step
        self.out = out
        self.loaded: dict[bytes, bytes] = {}
        self.total = 0

    def load(self) -> None:
        self.loaded = dict(self.store.scan(b"c"))
        self.total = int(self.store.get(b"total") or b"0")

    def process(self, records: Sequence[Record]) -> int:
        taken = records[: self.step]
        for record in taken:
            name = b"c" + (record.key or b"")
            count = int(self.store.get(name) or b"0") + 1
            self.store.put(name, b"%d" % count)
            self.total += 1
            self.emit.send(Out(self.out, 0, record.key, b"%s=%d" % (record.key, count)))
        self.emit.after(Out("after", 0, None, b"%d" % self.total))
        return len(taken)

    def flush(self) -> None:
        self.store.put(b"total", b"%d" % self.total)


def records(keys: str, start: int = 0, topic: str = "in", partition: int = 0) -> list[Record]:
    """One record a letter."""
    return [Record(topic, partition, start + n, 1_000 + n, k.encode(), b"", ()) for n, k in enumerate(keys)]


def state(scan: Callable[[bytes], Iterable[tuple[bytes, bytes]]]) -> dict[bytes, bytes]:
    """All that a store or base holds."""
    return dict(scan(b"c")) | dict(scan(b"total"))
