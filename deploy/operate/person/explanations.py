"""Explains decisions in words: why a message was sent, or not, as far as the records tell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from deploy.operate.person.lookup import Person, Row

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

LOOK_BACK: Final = timedelta(days=7)
"""How far back messages are counted when a cap is explained."""
_MESSAGES: Final = (
    "SELECT channel, decided_at FROM messages FINAL WHERE profile_id IN %(ids)s ORDER BY decided_at, message_id"
)
_NOT_SENT: Final = {
    "no_contact": "there is no address, number or device of the customer on any of the step's channels",
    "no_consent": "the customer has not agreed, or has refused, on every channel that could be used",
    "exited": "the customer had responded already, or the step's condition did not hold",
    "stale": "it was decided too long after it was due",
    "invalid_template": "the template fails, names something that is not known of this customer, or is too long",
    "contaminated": "the customer was in both arms of this campaign before two profiles became one",
    "channel_down": "the channel could not be reached",
}
_CALLED_OFF: Final = {
    "converted": "the customer bought",
    "exited": "the cart was taken up again, emptied or gone, or the customer had come back or refused",
}
_PUT_OFF: Final = {
    "quiet_hours": "it was night where the customer is",
    "capped": "a campaign of higher priority came first in that hour",
}

Sent = Sequence[tuple[str, datetime]]
"""Channel and time (UTC) of each message to one customer, the oldest first."""


def sent_to(client: Client, person: Person) -> Sent:
    """The messages to one person, over all former profile ids."""
    rows = client.query(_MESSAGES, parameters={"ids": person.ids}).result_rows
    return [(channel, at.replace(tzinfo=None)) for channel, at in rows]


def explained(entries: Sequence[Row], sent: Sent) -> list[Row]:
    """The entries, each decision with its explanation in words as `why`."""
    return [{**entry, "why": why(entry, sent)} if entry["kind"] == "decision" else entry for entry in entries]


def why(decision: Mapping[str, Any], sent: Sent) -> str:
    """The explanation of one decision in words."""
    outcome, reason = decision["outcome"], decision["reason"]
    match outcome:
        case "sent":
            return "sent"
        case "held_out":
            return "not sent on purpose: the customer is in the control group"
        case "cancelled" if decision["message_id"]:
            return "taken back after it had been sent: a purchase of before came to light"
        case "cancelled":
            return f"called off: {_CALLED_OFF.get(reason, reason)}"
        case "deferred":
            return f"put off: {_PUT_OFF.get(reason, reason)}"
        case _ if reason == "capped":
            return f"not sent: {_capped(decision['at'], sent)}"
    return f"not sent: {_NOT_SENT.get(reason, reason)}"


def _capped(at: str, sent: Sent) -> str:
    """What the customer had had, as the messages on record say."""
    now = datetime.fromisoformat(at).replace(tzinfo=None)
    before = [(channel, now - then) for channel, then in sent if timedelta(0) <= now - then < LOOK_BACK]
    if not before:
        return "the caps allow no more messages"
    counts = Counter(channel for channel, _ in before)
    had = ", ".join(f"{n} by {channel}" for channel, n in sorted(counts.items()))
    channel, ago = before[-1]
    return f"the customer had had {had} in the 7 days before, the last one by {channel} {_ago(ago)} before"


def _ago(span: timedelta) -> str:
    """About how long: in minutes, hours or days."""
    minutes = int(span.total_seconds() // 60)
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // 1440} days"
