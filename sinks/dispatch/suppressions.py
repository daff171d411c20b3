"""Reasons not to send a message that was decided.

Its decision was cancelled, the customer has ordered or was erased, or its address has said no or is dead.
"""

from __future__ import annotations

from typing import Final

import orjson

from schemas import times
from schemas.consent_words import ALWAYS
from schemas.identifiers import Hasher
from schemas.times import MAX_TIME
from sinks.dispatch.message import Message

CONVERTED: Final = "converted"
ERASED: Final = "erased"
NO_CONSENT: Final = "no_consent"
_CANCELLED: Final = b'"cancelled"'


class Suppressions:
    """Cancellations, orders, erasures and addresses, read from the topics that tell them.

    Each is kept with the time of its record, by which `prune` forgets it; what is said of addresses is kept for good.
    `hasher` makes the hashes of addresses.
    """

    def __init__(self, hasher: Hasher) -> None:
        self._hasher = hasher
        self._addresses: dict[bytes, tuple[str, int]] = {}
        """Why nobody is to be written to at an address, and since when decisions know, by hash of channel and address.

        What was decided after that was decided in spite of it: the customer has said yes since.
        """
        self._cancelled: dict[str, tuple[int, str]] = {}
        self._orders: dict[str, tuple[int, int]] = {}
        self._erased: dict[str, int] = {}

    def decision(self, key: bytes | None, value: bytes | None, at: int) -> None:
        """Take in key and value of a record of `retargeting.decisions`; `at`: its time in epoch milliseconds."""
        if value is None:
            self._erase(key, at)
        elif _CANCELLED in value:
            row = orjson.loads(value)
            if row.get("outcome") == "cancelled" and row.get("message_id"):
                self._cancelled[row["message_id"]] = (at, str(row.get("reason") or "cancelled"))

    def conversion(self, key: bytes | None, value: bytes | None, at: int) -> None:
        """Take in key and value of a record of `conversions`; `at`: its time in epoch milliseconds."""
        if value is None:
            self._erase(key, at)
            return
        row = orjson.loads(value)
        if row.get("kind", "order") != "order":
            # A correction or a renewal: nothing was bought.
            return
        profile, ordered = row.get("profile_id"), times.parse(row.get("at"))
        if isinstance(profile, str) and ordered is not None:
            known = self._orders.get(profile, (at, ordered))
            self._orders[profile] = (max(at, known[0]), max(ordered, known[1]))

    def address(self, key: bytes | None, value: bytes | None) -> None:
        """Take in key and value of a record of `contact.suppressions`: of an address, the last one holds."""
        if not key:
            return
        hashed = bytes.fromhex(key.decode())
        row = {} if value is None else orjson.loads(value)
        if row.get("suppressed") is True:
            known = times.parse(row.get("known_at"))
            self._addresses[hashed] = str(row.get("reason")), MAX_TIME if known is None else known
        else:
            self._addresses.pop(hashed, None)

    def reason(self, message: Message) -> str | None:
        """Why a message may not be sent; None when nothing forbids it.

        An order counts at or after the time of the trigger; where an order was the trigger, only a later one. Of a
        transactional message none does.
        """
        if message.profile_id in self._erased:
            return ERASED
        if (cancelled := self._cancelled.get(message.message_id)) is not None:
            return cancelled[1]
        said = (
            self._addresses.get(bytes.fromhex(self._hasher(message.channel, message.to))) if self._addresses else None
        )
        # What is part of a deal goes where nobody has complained and nothing has bounced.
        if said is not None and message.decided_at <= said[1] and (not message.transactional or said[0] in ALWAYS):
            return NO_CONSENT
        if message.transactional:
            return None
        _, ordered = self._orders.get(message.profile_id, (0, -1))
        own = message.trigger.get("type") == "order_completed"
        return CONVERTED if ordered >= message.trigger_at + own else None

    def is_cancelled(self, message: Message) -> bool:
        """Whether there is a decision that cancels this message."""
        return message.message_id in self._cancelled

    def prune(self, before: int) -> None:
        """Forget records written before a time (epoch milliseconds) that precedes every message still to be sent."""
        self._cancelled = {message_id: fact for message_id, fact in self._cancelled.items() if fact[0] >= before}
        self._orders = {profile: fact for profile, fact in self._orders.items() if fact[0] >= before}
        self._erased = {profile: at for profile, at in self._erased.items() if at >= before}

    def _erase(self, key: bytes | None, at: int) -> None:
        if key:
            self._erased[key.decode(errors="replace")] = at
