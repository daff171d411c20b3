"""What the dispatch tests are made of: a message, an entry, a clock of their own."""

from __future__ import annotations

import asyncio

import orjson

from schemas import times
from sinks.dispatch import ledger
from sinks.dispatch.ledger import Entry
from sinks.dispatch.message import Message, read

NOW = 1_795_000_000_000
HOUR = 3_600_000


def message(number: int = 1, channel: str = "email", *, profile: int = 1, ttl: int = HOUR, **fields: object) -> Message:
    """A message decided at NOW."""
    to = {"email": f"c{number}@example.com", "sms": "+4930123456"}.get(channel, "token-1")
    value = {
        "message_id": f"{number:048x}", "campaign_id": "abandoned-cart", "step": "reminder", "variant": "plain",
        "profile_id": f"{profile:032x}", "channel": channel, "to": to, "subject": "Still there?",
        "body": "<p>Your cart</p>", "url": None, "offer": None,
        "trigger": {"type": "cart_abandoned", "at": times.iso(NOW - 60_000), "cart_id": None},
        "decided_at": times.iso(NOW), "expires_at": times.iso(NOW + ttl), **fields,
    }  # fmt: skip
    return read(orjson.dumps(value))


def claim(owner: str = "a", **fields: object) -> Entry:
    """An entry of the ledger."""
    return Entry(ledger.CLAIMED, "email", owner, NOW, NOW + HOUR)._replace(**fields)


def done(outcome: str, owner: str = "a", **fields: object) -> Entry:
    """An entry with an outcome."""
    return claim(owner, state=ledger.DONE, outcome=outcome, **fields)


class OwnTime:
    """A clock that goes on only when somebody waits for it."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> int:
        """Epoch milliseconds."""
        return NOW + int(self.seconds * 1000)

    def monotonic(self) -> float:
        """Seconds."""
        return self.seconds

    async def wait(self, event: asyncio.Event, seconds: float) -> None:
        """Others go first; then, if nothing has come of it, the time is over."""
        for _ in range(20):
            await asyncio.sleep(0)
            if event.is_set():
                return
        self.seconds += seconds
