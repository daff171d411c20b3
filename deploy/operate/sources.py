"""Sources as operators see them: how far each is, which one holds event time, which ones it does not wait for.

A source is one partition of one topic of `channels.*`. The identify task knows all of them and is asked for them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple
from uuid import uuid4

from deploy.errors import BadInputError, UnavailableError
from deploy.operate.person import requests
from schemas.times import iso
from schemas.topics import source_named

if TYPE_CHECKING:
    from schemas.settings import Settings
    from streams.core.protocol.link_log import Receipt


State = Literal["dead", "live"]


class SourceName(NamedTuple):
    """One source, or without a partition all sources of a topic, as an operator names them."""

    topic: str
    partition: int | None

    def __str__(self) -> str:
        return self.topic if self.partition is None else f"{self.topic}:{self.partition}"


class Answer:
    """The answer of identify to one request: its receipt."""

    def __init__(self) -> None:
        self.request = uuid4().hex
        self.receipt: Receipt | None = None

    def take(self, value: bytes | None) -> None:
        """Take in the value of a record; anything but identify's receipt of this request is passed over."""
        receipt = requests.receipt_of(value, self.request)
        if self.receipt is None and receipt is not None and receipt.agent == "identify":
            self.receipt = receipt

    @property
    def waiting(self) -> list[str]:
        """The agents that have not answered yet."""
        return ["identify"] if self.receipt is None else []


def parse(text: str, settings: Settings) -> SourceName:
    """The source that `text`, TOPIC or TOPIC:PARTITION, names. Raises BadInputError when there is no such source."""
    try:
        return SourceName(*source_named(text, settings.partitions))
    except ValueError as problem:
        raise BadInputError(str(problem)) from None


async def ask(settings: Settings, *, seconds: float) -> dict[str, Any]:
    """All sources (see `shown`). Raises UnavailableError when identify does not answer within these seconds."""
    from streams.core.protocol.link_log import ListSources

    answer = Answer()
    await requests.publish_and_wait(settings, ListSources(answer.request), answer, seconds=seconds)
    if answer.receipt is None:
        raise UnavailableError("identify has not answered")
    return shown(answer.receipt)


async def change(settings: Settings, source: SourceName, state: State, *, seconds: float) -> dict[str, Any]:
    """Set the `state` of a source, "dead" or "live"; returns all sources as they are then (see `shown`).

    Raises UnavailableError when identify does not answer within these seconds.
    """
    from streams.core.protocol.link_log import DeclareSource

    answer = Answer()
    declared = DeclareSource(answer.request, source.topic, source.partition, state)
    await requests.publish_and_wait(settings, declared, answer, seconds=seconds)
    return await ask(settings, seconds=seconds)


def shown(receipt: Receipt) -> dict[str, Any]:
    """The receipt of identify for people: `{clock, reached, holder, sources[]}`, the source that holds time first.

    Each source has topic, partition, state (live, optional, dead), watermark (ISO 8601 or None while nothing is known),
    delay_seconds (wall clock less watermark, None without either), position (first offset not read) and holds.
    """
    now, reached, holder = receipt.now or None, receipt.reached, receipt.holder or None
    sources = []
    for topic, partition, watermark, position, state in receipt.sources or ():
        sources.append({
            "topic": topic,
            "partition": partition,
            "state": state,
            "watermark": None if watermark is None else iso(watermark),
            "delay_seconds": None if now is None or watermark is None else max(0.0, (now - watermark) / 1000),
            "position": position,
            "holds": holder is not None and [topic, partition] == list(holder),
        })  # fmt: skip
    sources.sort(key=lambda one: (not one["holds"], one["watermark"] or "", one["topic"], one["partition"]))
    return {
        "clock": None if now is None else iso(now),
        "reached": iso(reached) if isinstance(reached, int) else None,
        "holder": None if holder is None else f"{holder[0]}:{holder[1]}",
        "sources": sources,
    }


def span(seconds: float | None) -> str:
    """The seconds as a length of time in its two largest units, such as 2 h 05 min; a dash for None."""
    if seconds is None:
        return "-"
    whole = int(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3_600:
        return f"{whole // 60} min {whole % 60:02} s"
    if whole < 86_400:
        return f"{whole // 3_600} h {whole // 60 % 60:02} min"
    return f"{whole // 86_400} d {whole // 3_600 % 24:02} h"
