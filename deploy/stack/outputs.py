"""Output files of `once` and `replay`: one JSON line a record, written in the same way from a broker or from memory.

Records are grouped by key and keep their order within it, so that two runs can be compared with `diff -r`.
"""

from __future__ import annotations

import base64
import tempfile
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import orjson

from deploy.errors import BadInputError
from deploy.operate import draining
from deploy.stack.spill import Reader, Spill, read
from schemas.record import Record
from schemas.topics import DEAD_LETTERS, OUTPUT_TOPICS, catalog

if TYPE_CHECKING:
    from aiokafka import AIOKafkaConsumer

COMPACTED: Final = frozenset(t.name for t in catalog() if t.config.get("cleanup.policy") == "compact")
NUMBERS: Final = frozenset({"partition", "offset"})
"""Headers of a dead letter that are numbers."""


def make_folder(path: Path | None) -> None:
    """Make the folder for output files. Raises BadInputError when it cannot be made or written."""
    if path is None:
        return
    try:
        path.mkdir(parents=True, exist_ok=True)
        probe = path / ".winback-probe"
        probe.touch()
        probe.unlink()
    except OSError as problem:
        raise BadInputError(f"--out {path}: cannot be written ({problem.strerror})") from None


def write_topics(folder: Path, records: Mapping[str, Iterable[Record]]) -> dict[str, int]:
    """`<topic>.jsonl` for every output topic, also for those without records. Returns lines a topic."""
    with tempfile.TemporaryDirectory(prefix="winback-") as place:
        spill = Spill(Path(place))
        for topic in OUTPUT_TOPICS:
            for record in records.get(topic, ()):
                spill.write(record)
        spill.close()
        return write_spilled(folder, Path(place))


def write_spilled(folder: Path, spilled: Path, topics: Sequence[str] = OUTPUT_TOPICS) -> dict[str, int]:
    """Write the files of these `topics` from what a `Spill` has written, with only keys and numbers in memory.

    Returns lines a topic.
    """
    return {topic: _write(folder / f"{topic}.jsonl", topic, spilled) for topic in topics}


def accounted(count: int, letters: Iterable[Record], report: Mapping[str, Any]) -> dict[str, Any]:
    """The report whose `input` says what became of `count` input records; its `duplicates` are known already.

    `unaccounted` are those that are neither stitched nor duplicates nor dead letters: 0, or events have been lost.
    """
    dead = Counter(orjson.loads(letter)["reason"] for letter in {_letter(record) for record in letters})
    stitched, duplicates = report["events"]["total"], report["input"]["duplicates"]
    lost = count - stitched - duplicates - dead.total()
    ended = {"records": count, "stitched": stitched, "duplicates": duplicates, "unaccounted": lost}
    return {**report, "input": {**ended, "dead_letters": dict(sorted(dead.items()))}}


async def from_broker(consumer: AIOKafkaConsumer, ends: draining.Ends) -> dict[str, list[Record]]:
    """Everything before the given ends, by topic, partition after partition."""
    found: dict[str, list[Record]] = {topic: [] for topic in OUTPUT_TOPICS}
    async for record in draining.everything(consumer, ends):
        found[record.topic].append(record)
    for records in found.values():
        records.sort(key=lambda r: (r.partition, r.offset))
    return found


def _write(path: Path, topic: str, spilled: Path) -> int:
    count = 0
    with path.open("wb") as out:
        for line in _lines(topic, spilled):
            out.write(line)
            out.write(b"\n")
            count += 1
    return count


def _lines(topic: str, spilled: Path) -> Iterator[bytes]:
    if topic == DEAD_LETTERS:
        letters = {_letter(record) for record in read(spilled, topic)}
        yield from sorted(letters, key=lambda line: _origin(orjson.loads(line)))
        return
    with Reader(spilled, topic) as reader:
        if topic in COMPACTED:
            latest = {entry.key: entry for entry in reader.entries()}
            for _, entry in sorted(latest.items()):
                if entry.has_value:
                    yield reader.value(entry.place) or b""
            return
        by_key: dict[bytes, array[int]] = {}
        for entry in reader.entries():
            by_key.setdefault(entry.key, array("q")).append(entry.place)
        for _, places in sorted(by_key.items()):
            # Repeats have the same key, so it is enough to look among what has it.
            yield from _unique(reader.value(place) for place in places)


def _unique(values: Iterable[bytes | None]) -> Iterator[bytes]:
    """The lines of values, each once."""
    seen: set[bytes] = set()
    for value in values:
        line = value or b"null"
        digest = blake2b(line, digest_size=16).digest()
        if digest not in seen:
            seen.add(digest)
            yield line


def _letter(record: Record) -> bytes:
    """A dead letter as one JSON line: its headers, and its bytes in base64."""
    headers = {name: value.decode(errors="replace") for name, value in record.headers}
    line = {name: int(value) if name in NUMBERS else value for name, value in headers.items()}
    return orjson.dumps({**line, "value_b64": base64.b64encode(record.value or b"").decode()})


def _origin(letter: dict[str, object]) -> tuple[str, int, int]:
    return str(letter["topic"]), int(str(letter["partition"])), int(str(letter["offset"]))
