"""The ledger: what is known of each message on `retargeting.deliveries`, as the order of its records says.

A message is `claimed` by an owner before anything is sent, `released` by that owner when a try has surely sent
nothing, and `done` with an outcome. Whoever reads the log comes to the same owner, so only one of two claims counts:

- the first claim of a message that is free counts; so does a later one that names, in `after`, the owner whose claim
  it takes over, as is done with webhooks, where a second request carries the same idempotency key;
- a release counts only from the owner;
- the first outcome stays, except that a definite one replaces `unknown`.

Compaction leaves the last record of a message, an hour or more after it was written; no claim is contested that long.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import orjson

from schemas import times
from schemas.topics import DAY_MS

CLAIMED: Final = "claimed"
RELEASED: Final = "released"
DONE: Final = "done"

SENT: Final = "sent"
BOUNCED: Final = "bounced"
FAILED: Final = "failed"
UNKNOWN: Final = "unknown"
EXPIRED: Final = "expired"
CANCELLED: Final = "cancelled"
CHANNEL_DOWN: Final = "channel_down"

REMEMBERED: Final = DAY_MS
"""Milliseconds after its end that a message is still remembered; it is not sent any more anyway."""


class Entry(NamedTuple):
    """What the ledger says of one message. Times are epoch milliseconds."""

    state: str
    channel: str
    owner: str
    at: int
    expires_at: int
    tries: int = 0
    """Tries that its own address has deferred."""
    unclear: bool = False
    """Whether an earlier try may have sent it."""
    down: bool = False
    """Whether a try failed because the channel did."""
    outcome: str = ""
    reason: str | None = None
    after: str = ""
    """Of a claim: the owner whose claim it takes over."""
    old: bool = False
    """Whether it was written before its reader began: then its writer does not work on it any more."""

    def record(self, message_id: str) -> bytes:
        """The value of the record that says so of the message `message_id`."""
        value: dict[str, Any] = {
            "message_id": message_id, "state": self.state, "channel": self.channel, "owner": self.owner,
            "at": times.iso(self.at), "expires_at": times.iso(self.expires_at), "tries": self.tries,
            "unclear": self.unclear, "down": self.down,
        }  # fmt: skip
        if self.state == DONE:
            value |= {"outcome": self.outcome, "reason": self.reason}
        if self.after:
            value["after"] = self.after
        return orjson.dumps(value)


def read(value: bytes, *, old: bool = False) -> Entry | None:
    """The entry that a record's value holds; None if it holds none. `old`: it was written before its reader began."""
    try:
        found = orjson.loads(value)
        at, expires_at = times.parse(found["at"]), times.parse(found["expires_at"])
        if at is None or expires_at is None or found["state"] not in (CLAIMED, RELEASED, DONE):
            return None
        return Entry(
            found["state"], str(found["channel"]), str(found["owner"]), at, expires_at, int(found.get("tries", 0)),
            bool(found.get("unclear")), bool(found.get("down")), str(found.get("outcome", "")), found.get("reason"),
            str(found.get("after", "")), old,
        )  # fmt: skip
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
        return None


def reduce(known: Entry | None, new: Entry) -> Entry:
    """The entry of a message after its next record, `new`; `known` is the one before."""
    if known is None:
        return new
    if known.state == DONE:
        return new if new.state == DONE and known.outcome == UNKNOWN != new.outcome else known
    if new.state == DONE:
        return new
    if new.state == RELEASED:
        return new if known.state == CLAIMED and known.owner == new.owner else known
    return new if known.state == RELEASED or known.owner in (new.owner, new.after) else known


class Ledger:
    """The entries of the messages that may still be sent, and of those that could lately.

    `message_id` is a record's key; `now` in epoch milliseconds.
    """

    def __init__(self, now: int) -> None:
        self.entries: dict[str, Entry] = {}
        self._now = now

    def apply(self, message_id: str, value: bytes | None, *, old: bool = False) -> None:
        """Take in the value of a partition's next record; `old`: it was written before its reader began."""
        entry = None if value is None else read(value, old=old)
        if entry is not None:
            self.take(message_id, entry)

    def take(self, message_id: str, entry: Entry) -> None:
        """Take in the entry of the next record of a partition."""
        if entry.expires_at + REMEMBERED > self._now:
            self.entries[message_id] = reduce(self.entries.get(message_id), entry)

    def prune(self, now: int) -> None:
        """Forget messages that expired longer than REMEMBERED before `now`."""
        self._now = now
        gone = [message_id for message_id, entry in self.entries.items() if entry.expires_at + REMEMBERED <= now]
        for message_id in gone:
            del self.entries[message_id]
