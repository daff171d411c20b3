"""What one campaigns file has decided over a history, read back from disk, a partition at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from deploy.stack.spill import partition_of, read
from schemas.topics import CART_TRANSITIONS, IDENTITY_MERGES, RETARGETING_DECISIONS, RETARGETING_MESSAGES


class Sent(NamedTuple):
    """The message of a decision: where it went, what it said (`text` is a digest of it all), what it gave away."""

    channel: str
    to: str
    subject: str | None
    text: bytes
    offer: Mapping[str, str] | None


class Made(NamedTuple):
    """A decision as `retargeting.decisions` has it; `sent` is its message, None where it sends none.

    `customer` is the profile that its profile has become part of by the end of the history.
    """

    row: dict[str, Any]
    sent: Sent | None
    customer: str

    @property
    def what(self) -> str:
        """The outcome as a person reads it: with the channel of a message, with the reason of any other."""
        outcome = str(self.row["outcome"]).replace("_", " ")
        if self.sent is not None:
            return f"{outcome} {self.sent.channel}"
        reason = self.row["reason"]
        return outcome if reason is None else f"{outcome} {str(reason).replace('_', ' ')}"


class Window(NamedTuple):
    """The decisions that count: those made from `since` up to before `until`, in ISO 8601; None for no bound."""

    since: str | None = None
    until: str | None = None

    def holds(self, at: str) -> bool:
        """Whether a decision made at `at` (ISO 8601) counts."""
        return (self.since is None or at >= self.since) and (self.until is None or at < self.until)


class Value(NamedTuple):
    """What a cart was worth when it was abandoned: a decimal's text or a number, None where that is not known."""

    amount: Any
    currency: str | None


class Customers:
    """Which profile each profile is part of by the end of the history: `of(profile_id)`."""

    def __init__(self, folder: Path) -> None:
        """Read the merges in a folder that `deploy.backtest.core` has written."""
        self._into: dict[str, str] = {}
        for record in read(folder, IDENTITY_MERGES):
            row = orjson.loads(record.value or b"{}")
            into = row.get("into_profile_id")
            if into and not row.get("refused") and row.get("reason") not in ("split", "split_history", "erased"):
                self._into[row["merged_profile_id"]] = into

    def of(self, profile_id: str) -> str:
        """The profile (hex) that a `profile_id` (hex) has come to."""
        seen = set[str]()
        while (into := self._into.get(profile_id)) is not None and into not in seen:
            seen.add(profile_id)
            profile_id = into
        return profile_id


def decisions(folder: Path, partition: int, customers: Customers) -> Iterator[Made]:
    """The decisions of a `partition`, counted from 0, as they lie in the folder, with their messages."""
    messages: dict[str, Sent] = {}
    for record in partition_of(folder, RETARGETING_MESSAGES, partition):
        value = record.value or b"{}"
        message = orjson.loads(value)
        messages[message["message_id"]] = Sent(
            message["channel"], message["to"], message["subject"], blake2b(value, digest_size=16).digest(),
            message["offer"],
        )  # fmt: skip
    for record in partition_of(folder, RETARGETING_DECISIONS, partition):
        row = orjson.loads(record.value or b"{}")
        if row:
            sent = messages.get(row["message_id"]) if row["outcome"] == "sent" else None
            yield Made(row, sent, customers.of(row["profile_id"]))


def carts(folder: Path, partition: int) -> dict[tuple[str, str], Value]:
    """What the carts of a `partition`, counted from 0, were worth, by id and the time they were abandoned at."""
    found = {}
    for record in partition_of(folder, CART_TRANSITIONS, partition):
        row = orjson.loads(record.value or b"{}")
        found[row["cart_id"], row["at"]] = Value(row["value"], row["currency"])
    return found
