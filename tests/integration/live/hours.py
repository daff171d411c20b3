"""Some hours of a shop: people who fill a cart on the web and then leave, or buy in a store or on the web."""

from __future__ import annotations

from datetime import UTC, datetime

START = datetime(2026, 3, 2, 10, tzinfo=UTC)
LEAVES, BUYS_IN_STORE, BUYS_IN_STORE_LATER, BUYS_BY_CARD, BUYS_ON_WEB = range(5)
STORE = "channels.store"


def at(minute):
    """Epoch milliseconds of a minute of the story."""
    return int(START.timestamp() * 1000) + round(minute * 60_000)


def line(minute, name=None, *, channel="web", **given):
    """An input line: a track call, an identify without a name."""
    kind = {"type": "track", "event": name} if name else {"type": "identify"}
    ids = given.get("anonymousId") or given.get("userId") or str(given)
    value = {**kind, "messageId": f"{channel}-{ids}-{minute}-{name}", "timestamp": at(minute), **given}
    return {"topic": f"channels.{channel}", "key": ids, "timestamp": at(minute), "value": value}


def order(minute, who, *, channel="store", **given):
    """An Order Completed of somebody."""
    properties = {"order_id": f"o-{who}", "revenue": 30, "currency": "EUR", **given.pop("properties", {})}
    return line(minute, "Order Completed", channel=channel, properties=properties, **given)


def customer(number, minute):
    """What one of them does, from this minute on: every fifth the same (see the names above)."""
    who, kind = f"c{number}", number % 5
    mail, card = f"{who}@example.com", {"externalIds": [{"id": f"card-{who}", "type": "loyalty"}]}
    thing = {"product_id": f"p{number % 7}", "price": 30, "quantity": 1, "currency": "EUR"}
    lines = [
        line(minute, "Product Added", anonymousId=f"{who}-web", properties=thing),
        line(minute + 1, userId=who, anonymousId=f"{who}-web", traits={"email": mail}),
    ]
    if kind == BUYS_IN_STORE:  # known at the till by an e-mail address
        lines.append(order(minute + 20, who, properties={"email": mail}))
    elif kind == BUYS_IN_STORE_LATER:  # the reminder comes first
        lines.append(order(minute + 45, who, properties={"email": mail}))
    elif kind == BUYS_BY_CARD:  # known by a card, which only the store knows to be theirs
        lines.append(line(minute + 5, channel="store", userId=who, context=card))
        lines.append(order(minute + 20, who, context=card))
    elif kind == BUYS_ON_WEB:
        lines.append(order(minute + 20, who, channel="web", anonymousId=f"{who}-web"))
    return lines


def hours(customers=60, minutes=90):
    """All of them, spread over these minutes, and somebody who only looks about in a store, all the time."""
    lines = [one for n in range(customers) for one in customer(n, round(2 + n * minutes / customers, 1))]
    lines += [
        line(minute, "Store Visited", channel="store", userId=f"visitor-{minute % 8}", properties={"store_id": "s1"})
        for minute in range(0, minutes + 49, 2)
    ]
    return lines


def between(lines, first, last):
    """Those of first <= minute < last."""
    return [one for one in lines if at(first) <= one["timestamp"] < at(last)]
