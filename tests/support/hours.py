"""Some hours of a shop: people who fill a cart on the web and then leave, or buy in a store or on the web."""

from __future__ import annotations

from datetime import UTC, datetime

START = datetime(2026, 3, 2, 22, 40, tzinfo=UTC)
"""An hour and a bit before midnight, when what everybody did on a day becomes known."""
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
    number = int(who[1:])
    bought = [{"product_id": f"p{number % 7}"}, {"product_id": f"q{number % 3}", "name": "Lid", "price": 5}]
    properties = {"order_id": f"o-{who}", "revenue": 30, "currency": "EUR", "products": bought}
    properties.update(given.pop("properties", {}))
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
    if kind == LEAVES:
        opened = {"campaign_id": "abandoned-cart"}
        lines.append(line(minute + 41, "Email Opened", channel="email", userId=who, properties=opened))
    elif kind == BUYS_IN_STORE:  # known at the till by an e-mail address
        lines.append(order(minute + 20, who, properties={"email": mail}))
    elif kind == BUYS_IN_STORE_LATER:  # the reminder comes first
        lines.append(order(minute + 45, who, properties={"email": mail}))
    elif kind == BUYS_BY_CARD:  # known by a card, which only the store knows to be theirs
        lines.append(line(minute + 5, channel="store", userId=who, context=card))
        lines.append(order(minute + 20, who, context=card))
    elif kind == BUYS_ON_WEB:
        lines.append(order(minute + 20, who, channel="web", anonymousId=f"{who}-web"))
    return lines


def looker(number, minute):
    """Somebody who looks at a product on a telephone, and is known."""
    device = {"device": {"token": f"t-{number}"}}
    thing = {"product_id": f"p{number % 7}", "name": "Pot", "price": 30, "currency": "EUR"}
    return [
        line(minute, userId=f"l{number}", context=device, channel="app", traits={"email": f"l{number}@example.com"}),
        line(minute + 1, "Product Viewed", userId=f"l{number}", channel="app", properties=thing),
    ]


def hours(customers=60, minutes=90):
    """All of them and some who look at products, spread over these minutes; visits to a store all the time.

    Near the end the price of a product drops.
    """
    lines = [one for n in range(customers) for one in customer(n, round(2 + n * minutes / customers, 1))]
    lines += [one for n in range(customers // 5) for one in looker(n, round(3 + n * minutes / customers, 1))]
    cheaper = {"product_id": "p3", "price": 20, "old_price": 30, "currency": "EUR"}
    lines.append(line(minutes + 40, "Product Price Changed", anonymousId="catalogue", properties=cheaper))
    lines += [
        line(minute, "Store Visited", channel="store", userId=f"visitor-{minute % 8}", properties={"store_id": "s1"})
        for minute in range(0, minutes + 49, 2)
    ]
    return lines


def between(lines, first, last):
    """Those of first <= minute < last."""
    return [one for one in lines if at(first) <= one["timestamp"] < at(last)]
