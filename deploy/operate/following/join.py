"""Joins the records of several topics into what became of each event: pure, one record at a time.

`take` takes records as they come, of any topic in any order. `settle` says that everything which belongs to what was
taken before has been taken as well; what is complete by then is returned, in the order in which it began.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Any, Final

import orjson

from deploy.operate.following import deeds
from deploy.operate.following.waiting import Came, Place, Waiting
from deploy.operate.person.explanations import why
from schemas.events import Event, Reader
from schemas.record import Record
from schemas.topics import (
    CART_TRANSITIONS,
    CHANNEL_TOPICS,
    CONVERSIONS,
    DEAD_LETTERS,
    IDENTITY_LINKS,
    PROFILE_EVENTS,
    RETARGETING_DECISIONS,
    SEGMENTS_MEMBERSHIP,
    STITCHED_EVENTS,
)
from streams.core.protocol import link_log, profile_log
from streams.core.protocol.order_key import order_key

READ: Final = (
    *CHANNEL_TOPICS, STITCHED_EVENTS, CART_TRANSITIONS, CONVERSIONS, SEGMENTS_MEMBERSHIP, RETARGETING_DECISIONS,
    DEAD_LETTERS, IDENTITY_LINKS,
)  # fmt: skip
"""Topics that are read whole; of profile.events one partition tells of the rounds."""
REMEMBERED: Final = 100_000
"""Message ids by which a repeat is traced to what it repeats."""

Line = dict[str, Any]
"""One thing that happened: `kind` read, event, repeat, dead, cart, order, segment or decision, and its own fields."""


class Join:
    """`reader` reads raw events as the workers do; `partitions` is how many journey has.

    `does` says in a word what an event of a stitched value does by its name, with the name that it resembles.
    """

    def __init__(
        self, reader: Reader, partitions: int, does: Callable[[dict[str, Any]], tuple[str, str | None]]
    ) -> None:
        self._reader, self._does = reader, does
        self._waiting = Waiting(partitions)
        self._known: OrderedDict[str, Place] = OrderedDict()
        self._lines: list[Line] = []
        self._takers: dict[str, Callable[[Record], None]] = {
            **dict.fromkeys(CHANNEL_TOPICS, self._raw),
            STITCHED_EVENTS: self._stitched,
            DEAD_LETTERS: self._dead,
            IDENTITY_LINKS: self._link_log,
            PROFILE_EVENTS: self._profile_log,
            CART_TRANSITIONS: self._caused("cart"),
            CONVERSIONS: self._caused("order"),
            SEGMENTS_MEMBERSHIP: self._caused("segment"),
            RETARGETING_DECISIONS: self._caused("decision"),
        }

    @property
    def waiting(self) -> int:
        """How many events have been read, and have not shown yet what they do."""
        return len(self._waiting)

    @property
    def unsettled(self) -> bool:
        """Whether there is anything that `settle` would return."""
        return bool(self._lines or (self._waiting.passed and self.waiting))

    def take(self, record: Record) -> None:
        """Take one record."""
        if record.value is not None:
            self._takers[record.topic](record)

    def settle(self) -> list[Line]:
        """What is complete, in the order in which it began."""
        lines, self._lines = self._lines, []
        return [*_joined(lines), *(self._repeat(came) for came in self._waiting.over())]

    def _raw(self, record: Record) -> None:
        event = self._reader.read(record)
        if not isinstance(event, Event):
            return  # its dead letter says so
        place = (record.topic, record.partition, record.offset)
        body = orjson.loads(event.body)
        key = order_key(event.time, *place)
        came = Came(place, key, event.channel, body["name"], event.message_id, body["event_time"])
        self._waiting.add(came)
        self._lines.append({
            "kind": "read", "outcome": "accepted", **_of(came), "type": body["type"],
            "original_name": body.get("original_name"), "identifiers": body["identifiers"],
        })  # fmt: skip

    def _stitched(self, record: Record) -> None:
        value = orjson.loads(record.value or b"")
        place = (value["source"]["topic"], value["source"]["partition"], value["source"]["offset"])
        self._waiting.done(place)
        self._remember(value["message_id"], place)
        does, nearest = self._does(value)
        self._lines.append({
            "kind": "event", "outcome": "late" if value["late"] else "accepted", "id": _id(place),
            "channel": value["channel"], "type": value["type"], "name": value["name"],
            "original_name": value.get("original_name"), "message_id": value["message_id"],
            "event_time": value["event_time"], "profile_id": value["profile_id"], "does": does, "resembles": nearest,
            "did": deeds.of_event(value), "identifiers": value["identifiers"],
        })  # fmt: skip

    def _dead(self, record: Record) -> None:
        said = {name: told.decode(errors="replace") for name, told in record.headers if told is not None}
        if not {"reason", "topic", "partition", "offset"} <= said.keys():
            return
        place = (said["topic"], int(said["partition"]), int(said["offset"]))
        self._waiting.done(place)
        self._lines.append({
            "kind": "dead", "outcome": "dead", "id": _id(place), "channel": place[0].removeprefix("channels."),
            "reason": said["reason"], "detail": said.get("detail", ""), "at": said.get("at"), "value": record.value,
        })  # fmt: skip

    def _caused(self, kind: str) -> Callable[[Record], None]:
        def take(record: Record) -> None:
            value = orjson.loads(record.value or b"")
            # A conversion has a kind of its own.
            self._lines.append({**value, "kind": kind, **({"change": value["kind"]} if kind == "order" else {})})

        return take

    def _link_log(self, record: Record) -> None:
        told = link_log.read(record.value)
        if isinstance(told, link_log.Report):
            self._waiting.reported(told, record.offset)
        elif isinstance(told, link_log.Ack):
            self._waiting.acknowledged(told)

    def _profile_log(self, record: Record) -> None:
        if record.value is not None and record.value[:1] == b"{":
            told = profile_log.read(record.value)
            if isinstance(told, profile_log.Round):
                self._waiting.round(told)

    def _repeat(self, came: Came) -> Line:
        first = self._known.get(came.message_id)
        return {
            "kind": "repeat", "outcome": "duplicate", **_of(came),
            "of": None if first is None else _id(first),
        }  # fmt: skip

    def _remember(self, message_id: str, place: Place) -> None:
        self._known.setdefault(message_id, place)
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)


def _of(came: Came) -> Line:
    return {
        "id": _id(came.place), "channel": came.channel, "name": came.name, "message_id": came.message_id,
        "event_time": came.event_time,
    }  # fmt: skip


def _id(place: Place) -> str:
    return "{}:{}:{}".format(*place)


def _joined(lines: list[Line]) -> Iterator[Line]:
    """The lines, what an event has caused put into its line; what time has caused, and decisions, stay lines."""
    moments: dict[tuple[str, str], list[Line]] = {}
    messages: dict[tuple[str, str], Line] = {}
    for line in lines:
        if line["kind"] == "event":
            moments.setdefault((line["profile_id"], line["event_time"]), []).append(line)
            messages[line["profile_id"], line["message_id"]] = line
    for line in lines:
        if line["kind"] in ("read", "event", "dead"):
            continue
        cause = messages.get((line["profile_id"], line["message_id"])) if line["kind"] == "order" else None
        if cause is None and deeds.is_caused(line):
            cause = deeds.likeliest(line, moments.get((line["profile_id"], deeds.moment(line)), ()))
        if cause is not None:
            cause["did"].append(deeds.told(line))
            line["joined"] = True
    for line in lines:
        if line["kind"] == "decision":
            line.pop("joined", None)
            yield {
                **line,
                "check": line["reason"] or line["outcome"],
                "why": why({**line, "at": line["decided_at"]}, ()),
            }
        elif not line.get("joined"):
            yield line
