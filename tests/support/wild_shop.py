"""A simulated shop that goes through more than most: refunds, cancellations, merges and codes, by the dozen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from random import Random
from typing import Any, Final

import orjson

from deploy.shop import simulate
from deploy.stack.lines import of_objects, read
from schemas.record import Record
from schemas.settings import Settings
from schemas.times import iso, parse
from schemas.topics import OUTPUT_TOPICS, RETARGETING_MESSAGES
from streams.campaigns import load
from streams.core.campaigns import Campaigns
from streams.testing import Topology
from tests.support.shop_topics import with_segments

EXAMPLES: Final = Path(__file__).parents[2] / "deploy/examples/campaigns/campaigns.yaml"
HOUR: Final = 3_600_000
DAY: Final = 24 * HOUR
Line = dict[str, Any]


def wild_records(customers: int, days: int, seed: int, start: int) -> list[Record]:
    """The records of all output topics, with the campaigns of the examples; some codes given away were used.

    `start`: epoch milliseconds of the first moment.
    """
    campaigns = load(EXAMPLES)
    lines = [*simulate(customers, days, seed, None, start)]
    lines += [*changes(lines, Random(seed))]
    lines.sort(key=lambda line: int(line["timestamp"]))
    messages = [
        orjson.loads(one.value or b"") for one in records(lines, campaigns) if one.topic == RETARGETING_MESSAGES
    ]
    lines += [*redeemed(messages, Random(seed))]
    lines.sort(key=lambda line: int(line["timestamp"]))
    return records(lines, campaigns)


def records(lines: Iterable[Line], campaigns: Campaigns | None = None) -> list[Record]:
    """What the pipeline makes of lines: the records of its output topics, topic by topic."""
    return _through(of_objects(lines, Settings().partitions), campaigns)


def records_of(path: Path) -> list[Record]:
    """What the pipeline makes of a file of lines, with the built-in campaigns and the segments of the tests."""
    return _through(read([str(path)], Settings().partitions, event_clock=True), with_segments(load(None)))


def _through(chunks: Iterable[Any], campaigns: Campaigns | None) -> list[Record]:
    settings, made, raw, offsets = Settings(clock="event"), list[Record](), list[Record](), dict[Any, int]()
    for chunk in chunks:
        for line in chunk:
            place = line.topic, line.partition
            offset = offsets[place] = offsets.get(place, -1) + 1
            raw.append(Record(*place, offset, line.timestamp, line.key, line.value))
    topology = Topology(settings, campaigns or with_segments(load(None)), outputs=made.append)
    topology.feed(raw)
    topology.finish()
    return sorted(made, key=lambda record: OUTPUT_TOPICS.index(record.topic))


def told(at: int, name: str, user: dict[str, str], number: str, **properties: Any) -> Line:
    """A line of the shop's server."""
    value = {"type": "track", "event": name, **user, "timestamp": iso(at), "messageId": f"{name}-{number}",
             "properties": properties}  # fmt: skip
    return {"topic": "channels.web", "key": number, "timestamp": at, "value": value}


def changes(lines: Iterable[Line], random: Random) -> Iterator[Line]:
    """Of a third of the orders something comes back, over days and more than once, and a tenth are cancelled.

    A sixth of the customers turn out to be another one.
    """
    users: list[tuple[str, int]] = []
    for number, line in enumerate(lines):
        value, at = line.get("value"), int(line.get("timestamp") or 0)
        if not isinstance(value, dict) or not at:
            continue
        user = {name: value[name] for name in ("userId", "anonymousId") if isinstance(value.get(name), str)}
        if isinstance(value.get("userId"), str) and value["userId"].strip():
            users.append((value["userId"], at))
        order = value.get("properties") or {}
        if value.get("event") != "Order Completed" or not order.get("order_id") or not user:
            continue
        draw = random.random()
        later = at + random.choice((HOUR, 9 * HOUR, DAY, 3 * DAY, 20 * DAY))
        about = {"order_id": order["order_id"], "currency": order.get("currency")}
        if draw < 0.2:
            yield told(later, "Order Refunded", user, f"{number}-a", **about, total=random.choice((1.01, 3.333, 7)))
            yield told(later + 2 * DAY, "Order Refunded", user, f"{number}-b", **about, total=2.5)
        elif draw < 0.33:
            yield told(later, "Order Refunded", user, f"{number}-c", **about, total=10_000)
        elif draw < 0.43:
            yield told(later, "Order Cancelled", user, f"{number}-d", **about)
            yield told(later + HOUR, "Order Refunded", user, f"{number}-e", **about, total=5)
    for number, (user, at) in enumerate(random.sample(users, len(users) // 60)):
        other, _ = random.choice(users)
        value = {"type": "alias", "previousId": other, "userId": user, "timestamp": iso(at + number),
                 "messageId": f"alias-{number}"}  # fmt: skip
        yield {"topic": "channels.web", "key": user, "timestamp": at + number, "value": value}


def redeemed(messages: Iterable[dict[str, Any]], random: Random) -> Iterator[Line]:
    """Every other code is used: in a cart, in an order, or in two, by whoever; some of these are cancelled."""
    for number, message in enumerate(messages):
        if message["offer"] and random.random() < 0.5:
            code, at = message["offer"]["code"], (parse(message["decided_at"]) or 0) + random.choice((HOUR, 2 * DAY))
            user = {"userId": f"code-{number % 5}"}
            order = {"order_id": f"code-{number}", "revenue": 19.99, "currency": random.choice(("EUR", "USD"))}
            yield told(at, "Coupon Applied", user, f"applied-{number}", coupon_id=code.lower())
            yield told(at + 1, "Order Completed", user, f"used-{number}", **order, coupon=code)
            if random.random() < 0.5:
                again = {"order_id": f"code-{number}-2", "revenue": 5, "currency": "EUR"}
                lines = [{"sku": "x", "coupon": f" {code} ", "price": 5}]
                yield told(at + DAY, "Order Completed", user, f"again-{number}", **again, products=lines)
            if random.random() < 0.3:
                yield told(at + 2 * DAY, "Order Cancelled", user, f"off-{number}", order_id=order["order_id"])
