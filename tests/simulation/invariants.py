"""What must hold however late events come and whatever ends: said of the written records alone, without the oracle."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from schemas.events import DeadLetter
from schemas.record import Out, Record
from schemas.topics import (
    AGGREGATES,
    CART_TRANSITIONS,
    CONVERSIONS,
    DAY_MS,
    DEAD_LETTERS,
    HOUR_MS,
    IDENTITY_ASSIGNMENTS,
    IDENTITY_MERGES,
    OUTPUT_TOPICS,
    RETARGETING_DECISIONS,
    RETARGETING_MESSAGES,
    SEGMENTS_MEMBERSHIP,
    STITCHED_EVENTS,
)
from tests.oracle.cells import totals, written
from tests.oracle.compare import milliseconds, rows_of, stitched_row
from tests.oracle.outcome import Outcome
from tests.oracle.reading import reader

Topics = dict[str, list[Record]]


def distinct(records: Iterable[Record]) -> list[tuple[bytes | None, bytes | None]]:
    """(key, value), repeats and tombstones dropped, in the order in which they first came."""
    return list(dict.fromkeys((record.key, record.value) for record in records if record.value is not None))


def unique(topics: Topics) -> Iterator[str]:
    """Rows whose id has come with two contents, and versions that do not count up."""
    for topic, *names in (
        (RETARGETING_DECISIONS, "decision_id"),
        (RETARGETING_MESSAGES, "message_id"),
        (CONVERSIONS, "profile_id", "order_id", "changed_at", "message_id"),
        (SEGMENTS_MEMBERSHIP, "profile_id", "at", "nth"),
        (STITCHED_EVENTS, "source"),
        (IDENTITY_MERGES, "version"),
        (IDENTITY_ASSIGNMENTS, "version"),
    ):
        rows = [orjson.loads(value or b"") for _, value in distinct(topics[topic])]
        ids = Counter(str([row[name] for name in names]) for row in rows)
        yield from (f"{topic}: {count} rows of {names} {one}" for one, count in ids.items() if count > 1)
    versions = [orjson.loads(value or b"")["version"] for _, value in distinct(topics[IDENTITY_ASSIGNMENTS])]
    if versions != sorted(versions):
        yield f"{IDENTITY_ASSIGNMENTS}: versions do not go up: {versions}"


def repeats_only(drained: Topics, whole: Topics) -> Iterator[str]:
    """What came after the system had said that it was done, and had not been there before."""
    for topic in OUTPUT_TOPICS:
        if topic != AGGREGATES:
            known = set(distinct(drained[topic]))
            yield from (f"{topic}: after the end {row}" for row in distinct(whole[topic]) if row not in known)
    yield from _differences(written(drained), written(whole), "after the end")


def each_once(records: Iterable[Record], topics: Topics) -> Iterator[str]:
    """Every event that can be read is stitched, or a dead letter, or a repeat of one within a day that is stitched."""
    times: dict[str, list[int]] = defaultdict(list)
    sources = set()
    for row in rows_of(topics, STITCHED_EVENTS):
        _, message_id, time, _, source = stitched_row(row)
        times[message_id].append(time)
        sources.add(source)
    read = reader().read
    sources |= {place_of(record) for record in topics[DEAD_LETTERS]}
    for record in records:
        event = read(record)
        if isinstance(event, DeadLetter) or (event.topic, event.partition, event.offset) in sources:
            continue
        if all(abs(event.time - time) >= DAY_MS for time in times[event.message_id]):
            yield f"lost: {event.topic}[{event.partition}]@{event.offset} {event.message_id}"


def no_errors(topics: Topics) -> Iterator[str]:
    """No record was given up because the core failed on it."""
    for record in topics[DEAD_LETTERS]:
        headers = dict(record.headers)
        if headers["reason"] == b"internal_error":
            yield f"an error in the core: {headers} {record.value!r}"


def members_take_turns(topics: Topics) -> Iterator[str]:
    """Who enters a segment was not in it, who leaves it was, since the time that the row says."""
    since: dict[tuple[str, str], str] = {}
    for row in sorted(rows_of(topics, SEGMENTS_MEMBERSHIP), key=lambda row: (row["profile_id"], row["at"], row["nth"])):
        of = row["profile_id"], row["segment"]
        if row["change"] == "entered":
            if of in since or row["since"] != row["at"]:
                yield f"entered, and was in it: {row}"
            since[of] = row["at"]
        elif since.pop(of, None) != row["since"]:
            yield f"left, and was not in it since then: {row}"


def place_of(dead_letter: Record) -> tuple[str, int, int]:
    """Where a dead letter was read."""
    headers = {name: value.decode() for name, value in dead_letter.headers}
    return headers["topic"], int(headers["partition"]), int(headers["offset"])


def cells_add_up(topics: Topics) -> Iterator[str]:
    """The last version of every cell is the sum of the rows written."""
    outcome = Outcome(
        stitched=[stitched_row(row) for row in rows_of(topics, STITCHED_EVENTS)],
        transitions=rows_of(topics, CART_TRANSITIONS),
        decisions=rows_of(topics, RETARGETING_DECISIONS),
        messages=rows_of(topics, RETARGETING_MESSAGES),
        conversions=rows_of(topics, CONVERSIONS),
    )
    yield from _differences(totals(outcome), written(topics), "in the rows, in the cells")


def failed(row: dict[str, Any]) -> bool:
    """Whether a row of conversions takes an order back because its payment failed."""
    within = milliseconds(row["changed_at"]) - milliseconds(row["at"]) <= HOUR_MS
    return row["kind"] == "cancellation" and within


def no_message_after_an_order(emitted: Iterable[Out]) -> Iterator[str]:
    """A message whose cart was open, or trigger past, when its profile ordered, decided when that order was known.

    `emitted`: transitions, conversions and messages in the order in which they were decided.
    """
    opened: dict[str, tuple[int, int]] = {}
    orders: dict[bytes | None, list[tuple[int, int]]] = defaultdict(list)
    seen: set[Any] = set()
    for nth, out in enumerate(emitted):
        if out.value is None or (out.topic, out.key, out.value) in seen:
            continue
        seen.add((out.topic, out.key, out.value))
        row = orjson.loads(out.value or b"")
        if out.topic == CART_TRANSITIONS:
            opened.setdefault(row["cart_id"], (milliseconds(row["at"]), nth))
        elif out.topic == CONVERSIONS and row["kind"] == "order":
            orders[out.key].append((milliseconds(row["at"]), nth))
        elif out.topic == CONVERSIONS and failed(row):
            # The payment failed: nobody has bought.
            at = milliseconds(row["at"])
            for key, known in orders.items():
                orders[key] = [order for order in known if order[0] != at]
        elif out.topic == RETARGETING_MESSAGES:
            trigger, until = row["trigger"], milliseconds(row["decided_at"])
            # Of what follows from anything but a cart, the trigger's place among things of its time is not written.
            start = opened[trigger["cart_id"]] if trigger["cart_id"] else (milliseconds(trigger["at"]), nth)
            # Of two things at one time, the one that was taken first came first.
            if not row.get("transactional") and any(start < order and order[0] <= until for order in orders[out.key]):
                yield f"a message to a buyer: {row}"


def _differences(a: dict[Any, float], b: dict[Any, float], what: str) -> Iterator[str]:
    for cell in {*a, *b}:
        if a.get(cell) != b.get(cell):
            yield f"cell {cell} {what}: {a.get(cell)}, {b.get(cell)}"
