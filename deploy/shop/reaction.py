"""Customers who react to messages: orders that come because a message was sent, and would not have come without.

The simulated shop knows nothing of Winback's messages, so they are told to it: those of a first run over the same shop.
Whether somebody reacts is fixed by the seed before anything is drawn (a potential outcome): of the customers of a
campaign the share `reaction` would order once more if its first message came, whichever arm they are in. So the effect
of a campaign is known: of all its customers who can be written to, those who react and had not ordered anyway.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from hashlib import blake2b
from typing import Any, Final

from deploy.shop.clock import HOUR
from schemas.times import iso, parse

VALUE: Final = 30.0
CURRENCY: Final = "EUR"
"""What each of these orders comes to."""
LATEST: Final = 24 * HOUR
"""Milliseconds from a message to the order that it brings, at most; an hour at least."""
CHANNELS: Final = ("email", "sms", "push")
"""Whose messages are reacted to: those whose address names the customer."""


def draw(seed: int, campaign: str, customer: str) -> float:
    """What a customer draws of a campaign: who reacts is who draws less than the share that does.

    `seed`: of the shop; `campaign`, `customer`: their ids. Returns a number from 0 up to 1, the same for the same
    arguments.
    """
    made = blake2b(f"{seed}/{campaign}/{customer}".encode(), digest_size=8).digest()
    return int.from_bytes(made, "big") / 2**64


def reactions(messages: Iterable[Mapping[str, Any]], reaction: float, seed: int) -> Iterator[dict[str, Any]]:
    """Orders that messages bring.

    `messages`: values of retargeting.messages; of each campaign and profile the first that went by e-mail, SMS or push
    counts. `reaction`: from 0 (nobody reacts) to 1; `seed`: of the shop. Returns input
    lines, in the order of their times. Raises ValueError for another reaction.
    """
    if not 0 <= reaction <= 1:
        raise ValueError(f"reaction must be from 0 to 1, not {reaction:g}")
    first: dict[tuple[str, str], tuple[int, Mapping[str, Any]]] = {}
    for message in messages:
        who, at = (message["campaign_id"], message["profile_id"]), parse(message["decided_at"]) or 0
        if message["channel"] in CHANNELS and at < first.get(who, (at + 1, message))[0]:
            first[who] = at, message
    made = []
    for (campaign, profile), (at, message) in first.items():
        if draw(seed, campaign, profile) < reaction:
            later = HOUR + int(draw(seed, f"when/{campaign}", profile) * (LATEST - HOUR))
            made.append(_order(at + later, f"{campaign}-{profile}", message))
    yield from sorted(made, key=lambda line: int(line["timestamp"]))


def _order(at: int, number: str, message: Mapping[str, Any]) -> dict[str, Any]:
    to = message["to"]
    named = {
        "email": {"traits": {"email": to}}, "sms": {"traits": {"phone": to}}, "push": {"device": {"token": to}},
    }  # fmt: skip
    value = {
        "type": "track", "event": "Order Completed", "messageId": f"reaction-{number}", "timestamp": iso(at),
        "context": named[message["channel"]],
        "properties": {"order_id": f"R-{number}", "revenue": VALUE, "currency": CURRENCY},
    }  # fmt: skip
    return {"topic": "channels.web", "key": to, "timestamp": at, "value": value}
