"""Input lines: one JSON object a line, `{"topic", "key", "timestamp", "value" | "value_b64"}`, plain, `.gz` or `-`.

`once`, `replay` and `publish` read them here, so that a line becomes the same record in each.
"""

from __future__ import annotations

import base64
import binascii
import gzip
import io
import json
import sys
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, suppress
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any, Final, NamedTuple

import orjson

from deploy.errors import BadInputError
from schemas import times
from schemas.topics import CHANNEL_TOPICS, murmur2

TOPICS: Final = frozenset(CHANNEL_TOPICS)
DAWN: Final = 946_684_800_000
"""2000-01-01T00:00:00Z in milliseconds: the time of lines that carry none anywhere, under the event clock."""
READ_BYTES: Final = 1 << 18
LINE_MOST: Final = 64 * 1024 * 1024
"""Bytes of a line at most: more than the largest record comes to, however it is escaped."""
_DIGITS: Final = bytes(ord("0") if chr(byte).isdecimal() and byte < 128 else ord(" ") for byte in range(256))
_MANY_DIGITS: Final = b"0" * 19
"""An integer of fewer digits fits 64 bits."""
TOO_DEEP: Final = "nested too deeply; give such a value as value_b64"
CHUNK: Final = 1000


class Line(NamedTuple):
    """One input line as a Kafka record to be: `timestamp` in epoch milliseconds.

    `timed`: somebody has given this time; else it is when the line was read, and gives way to when it is sent.
    `headers`: those of a record that is published again.
    """

    topic: str
    partition: int
    key: bytes | None
    value: bytes
    timestamp: int
    timed: bool = True
    headers: tuple[tuple[str, bytes], ...] = ()


def read(paths: Sequence[str], partitions: int, *, event_clock: bool, most: int | None = None) -> Iterator[list[Line]]:
    """The lines of all `paths` in order, for topics of so many `partitions`, in the chunks they were read in.

    A chunk is what was there to be read at once, so that a live pipe is never held back.
    Under the event clock a line without timestamp takes its value's own time, else the last one used in the file.
    `most`: bytes that a record's key and value may come to. Raises BadInputError with file and line number.
    """
    check(paths)
    for path in paths:
        last = DAWN
        for chunk in chunks(path):
            lines: list[Line] = []
            for number, raw in chunk:
                try:
                    line = parse(raw, partitions, event_clock=event_clock, last=last)
                    _fit(line, most)
                except ValueError as problem:
                    if lines:
                        yield lines
                    raise BadInputError(f"{_named(path)}:{number}: {problem}") from None
                last = line.timestamp
                lines.append(line)
            if lines:
                yield lines


def check(paths: Sequence[str]) -> None:
    """Raises BadInputError when one of the files `paths` cannot be read, before anything is started."""
    for path in paths:
        if path == "-":
            continue
        if not Path(path).exists():
            raise BadInputError(f"{path}: no such file")
        if Path(path).is_dir():
            raise BadInputError(f"{path}: is a folder; name the files in it")
        if not Path(path).is_file():
            continue  # A pipe: whoever opens it and goes away again ends its writer.
        try:
            with Path(path).open("rb"):
                pass
        except OSError as problem:
            raise BadInputError(f"{path}: cannot be read ({problem.strerror})") from None


def _named(path: str) -> str:
    return "standard input" if path == "-" else path


def _fit(line: Line, most: int | None) -> None:
    size = len(line.value) + len(line.key or b"")
    if most is not None and size > most:
        raise ValueError(f"the record has {size:,} bytes, and a topic takes {most:,} at most")


def chunks(path: str) -> Iterator[list[tuple[int, bytes]]]:
    """The non-blank lines of the file `path` with their numbers, in lists of what could be read at once.

    Raises BadInputError.
    """
    number, rest = 0, b""
    try:
        for piece in _pieces(path):
            whole = (rest + piece).split(b"\n")
            rest = whole.pop() if piece else b""
            lines = []
            for raw in whole:
                number += 1
                if raw and not raw.isspace():
                    lines.append((number, raw))
            if lines:
                yield lines
            if len(rest) > LINE_MOST:
                raise BadInputError(f"{_named(path)}:{number + 1}: longer than {LINE_MOST:,} bytes; is it JSON lines?")
    except (OSError, EOFError, zlib.error) as problem:
        said = getattr(problem, "strerror", None) or problem
        after = f" after line {number}" if number else ""
        raise BadInputError(f"{_named(path)}: cannot be read{after} ({said})") from None


def _pieces(path: str) -> Iterator[bytes]:
    """The file's bytes as they come, and b"" once at its end. Raises OSError, EOFError, zlib.error."""
    read: Callable[[int], bytes | None]
    with ExitStack() as exits:
        if path == "-":
            if sys.stdin is None:
                raise OSError("it is closed")
            # Unbuffered: a thread that waits in a buffered standard input would block the interpreter's exit.
            read = exits.enter_context(io.FileIO(sys.stdin.fileno(), closefd=False)).read
        elif path.endswith(".gz"):
            read = exits.enter_context(gzip.open(path, "rb")).read1
        else:
            read = exits.enter_context(io.FileIO(path)).read
        piece = b"start"
        while piece:
            piece = read(READ_BYTES) or b""
            yield piece


def of_objects(objects: Iterable[dict[str, Any]], partitions: int) -> Iterator[list[Line]]:
    """The lines of a program's line objects (an import's), for topics of so many `partitions`, in chunks."""
    last = DAWN
    for chunk in _batched(objects, CHUNK):
        lines = [_line(line, partitions, exact=True, event_clock=True, last=last) for line in chunk]
        last = lines[-1].timestamp
        yield lines


def parse(raw: bytes, partitions: int, *, event_clock: bool, last: int) -> Line:
    """The record of one line, `raw`, for topics of so many `partitions`. Raises ValueError with what is wrong.

    `event_clock`: a line without timestamp takes its value's own time, else `last` (epoch milliseconds).
    """
    line, exact = _decode(raw)
    if not isinstance(line, dict):
        raise ValueError("not a JSON object")  # noqa: TRY004 - bad input, not a bad call
    return _line(line, partitions, exact=exact, event_clock=event_clock, last=last)


def _line(line: dict[str, Any], partitions: int, *, exact: bool, event_clock: bool, last: int) -> Line:
    topic = line.get("topic")
    if not isinstance(topic, str) or topic not in TOPICS:
        raise ValueError(f"unknown topic {_short(topic)}; one of channels.web, channels.app, ... is needed")
    key = line.get("key")
    if key is not None and not isinstance(key, str):
        raise ValueError(f"key must be a string or null, not {_short(key)}")
    value, content = _value(line, exact=exact)
    timestamp = line.get("timestamp")
    timed = event_clock or timestamp is not None
    if timestamp is None:
        timestamp = _own_time(content, last) if event_clock else time.time_ns() // 1_000_000
    elif isinstance(timestamp, bool) or not isinstance(timestamp, int | float) or not 0 <= timestamp <= times.MAX_TIME:
        raise ValueError(f"timestamp must be epoch milliseconds, not {_short(timestamp)}")
    try:
        key_bytes = None if key is None else key.encode()
    except UnicodeEncodeError:
        raise ValueError("key holds a lone surrogate") from None
    return Line(topic, partition_for(key_bytes, value, partitions), key_bytes, value, int(timestamp), timed)


def _batched(objects: Iterable[dict[str, Any]], size: int) -> Iterator[list[dict[str, Any]]]:
    source = iter(objects)
    while batch := list(islice(source, size)):
        yield batch


def _short(value: Any) -> str:
    return json.dumps(value)[:80]


def partition_for(key: bytes | None, value: bytes, partitions: int) -> int:
    """The partition, of so many `partitions`, that Kafka gives a key by default.

    A record without a key goes by its value, so that every run agrees.
    """
    return murmur2(value) % partitions if key is None else _key_hash(key) % partitions


_key_hash = lru_cache(maxsize=100_000)(murmur2)


def _decode(raw: bytes) -> tuple[Any, bool]:
    """The line's JSON, and whether orjson took it. What orjson refuses (NaN, ...) or rounds (2**64) json may take."""
    try:
        if _MANY_DIGITS not in raw.translate(_DIGITS):
            return orjson.loads(raw), True
        refusal = "large integers"
    except orjson.JSONDecodeError as problem:
        refusal = str(problem)
    try:
        return json.loads(raw), False
    except RecursionError:
        raise ValueError(TOO_DEEP) from None
    except ValueError:
        wide = "; is the file UTF-16? UTF-8 is needed" if b"\0" in raw else ""
        raise ValueError(f"bad JSON ({refusal}){wide}") from None


def _value(line: dict[str, Any], *, exact: bool) -> tuple[bytes, Any]:
    """The record's bytes, and the value they hold when it was given as JSON."""
    coded = line.get("value_b64")
    if ("value" in line) == (coded is not None):
        raise ValueError("needs either value or value_b64" + (", not both" if "value" in line else ""))
    if coded is None:
        return _dumped(line["value"], exact=exact), line["value"]
    try:
        return base64.b64decode(coded, validate=True), None
    except (binascii.Error, TypeError, ValueError):
        raise ValueError("value_b64 is not base64") from None


def _dumped(content: Any, *, exact: bool) -> bytes:
    """A value's bytes. orjson reads more than it writes: what is nested deeper than 254 levels is json's."""
    if exact:
        with suppress(orjson.JSONEncodeError):
            return orjson.dumps(content)
    try:
        return json.dumps(content).encode()
    except RecursionError:
        raise ValueError(TOO_DEEP) from None


def _own_time(content: Any, last: int) -> int:
    """The time a value gives itself, a CloudEvent's in its data or its own `time`; else the last one used."""
    if isinstance(content, dict):
        given = [content.get(name) for name in ("timestamp", "originalTimestamp", "sentAt")]
        if "specversion" in content:
            inner = content.get("data")
            given = [inner.get("timestamp") if isinstance(inner, dict) else None, content.get("time")]
        for one in given:
            own = times.parse(one)
            if own is not None:
                return own
    return last
