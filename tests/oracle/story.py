"""Histories written out by hand: one line an event, one line a transition."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import orjson

from schemas.record import Record
from tests.oracle.outcome import Outcome

START = 1_700_000_000_000
MINUTE = 60_000


def told(*events: tuple[Any, ...]) -> list[Record]:
    """Records of `(minute, channel, who, name, properties)`.

    `minute` may be a fraction. `who` is `u..` (userId) or `a..` (anonymousId), several separated by blanks, an e-mail
    address being an e-mail. `name` is an event's, or `page`, `identify`, `alias`. `properties` may be left out;
    `messageId`, `previousId`, `context` and `partition` in them go to where they belong.
    """
    records = []
    offsets: dict[tuple[str, int], int] = {}
    for n, (minute, channel, who, name, *rest) in enumerate(events):
        properties = dict(rest[0]) if rest else {}
        partition = properties.pop("partition", 0)
        at = START + round(minute * MINUTE)
        message: dict[str, Any] = {"messageId": properties.pop("messageId", f"m{n}"), "timestamp": at}
        message["context"] = properties.pop("context", {})
        if "previousId" in properties:
            message["previousId"] = properties.pop("previousId")
        for identifier in who.split():
            if "@" in identifier:
                message["context"] = {**message["context"], "traits": {"email": identifier}}
            else:
                message["userId" if identifier[0] == "u" else "anonymousId"] = identifier
        if name in {"page", "identify", "alias"}:
            message["type"] = name
        else:
            message |= {"type": "track", "event": name, "properties": properties}
        place = f"channels.{channel}", partition
        offset = offsets[place] = offsets.get(place, -1) + 1
        records.append(Record(*place, offset, START + 10**10, None, orjson.dumps(message)))
    return records


def minute_of(iso: str) -> float:
    """Minutes since the beginning of a story."""
    return (round(datetime.fromisoformat(iso).timestamp() * 1000) - START) / MINUTE


def in_short(transitions: Iterable[dict[str, Any]]) -> list[str]:
    """Transitions as `from>to minute value`, in time order."""
    rows = sorted(transitions, key=lambda t: t["at"])
    return [f"{t['from']}>{t['to']} {minute_of(t['at']):g} {t['value']:g}" for t in rows]


def introduced(*who: str) -> list[Record]:
    """Records of one identify after another, a minute apart; `u1<a2` is an alias call of u1 with previousId a2."""
    events = []
    for minute, one in enumerate(who):
        own, _, previous = one.partition("<")
        name, properties = ("alias", {"previousId": previous}) if previous else ("identify", {})
        events.append((minute, "web", own, name, properties))
    return told(*events)


def clusters(outcome: Outcome) -> dict[str, str]:
    """Profiles and the values they hold, those of one identifier left out."""
    return {p: " ".join(sorted(i.value for i in c)) for p, c in outcome.clusters.items() if len(c) > 1}


def rules(outcome: Outcome) -> list[str]:
    """The rows of identity.merges in short: `merged` or the rule that refused, and the reason."""
    return [f"{m.get('refused', 'merged')} {m['reason']}" for m in outcome.merges]
