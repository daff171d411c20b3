"""The records that follow from an outcome: feedback events on the raw topics, and rows on `retargeting.decisions`.

An event carries the address that the message went to as its only identifier, so that identity gives it to whoever had
that address at that time; its `messageId` is made of the message's, so that it counts once however often it is written.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Any, Final

import orjson

from schemas import times
from schemas.names import (
    EMAIL_BOUNCED,
    EMAIL_DELIVERED,
    PUSH_NOTIFICATION_BOUNCED,
    PUSH_NOTIFICATION_RECEIVED,
    SMS_DELIVERED,
    SMS_FAILED,
)
from schemas.record import Out
from schemas.topics import RETARGETING_DECISIONS, channel_topic, murmur2, partition_of
from sinks.dispatch import ledger
from sinks.dispatch.ledger import Entry
from sinks.dispatch.message import EMAIL, Message
from sinks.dispatch.suppressions import CONVERTED, NO_CONSENT

_EVENTS: Final = {
    (EMAIL, ledger.SENT): EMAIL_DELIVERED,
    (EMAIL, ledger.BOUNCED): EMAIL_BOUNCED, (EMAIL, ledger.FAILED): EMAIL_BOUNCED,
    ("sms", ledger.SENT): SMS_DELIVERED, ("sms", ledger.BOUNCED): SMS_FAILED,
    ("push", ledger.SENT): PUSH_NOTIFICATION_RECEIVED, ("push", ledger.BOUNCED): PUSH_NOTIFICATION_BOUNCED,
}  # fmt: skip
HARD: Final = "hard"
SOFT: Final = "soft"


def records(message: Message, end: Entry, partitions: int, *, cancelled: bool = False) -> list[Out]:
    """Everything to write beside the ledger, to topics of so many partitions; the same bytes for the same entry.

    `cancelled`: a decision already says that this message is cancelled.
    """
    found = [_event(message, end, partitions)]
    if end.outcome == ledger.CHANNEL_DOWN:
        found.append(_decision(message, end, ledger.CHANNEL_DOWN, partitions))
    elif end.outcome == ledger.CANCELLED and end.reason in (CONVERTED, NO_CONSENT) and not cancelled:
        found.append(_decision(message, end, end.reason, partitions))
    return [out for out in found if out is not None]


def _event(message: Message, end: Entry, partitions: int) -> Out | None:
    name = _EVENTS.get((message.channel, end.outcome))
    if name is None or not message.to:
        return None
    properties: dict[str, Any] = {"message_id": message.message_id, "campaign_id": message.campaign_id}
    if name == EMAIL_BOUNCED:
        properties["bounce_type"] = HARD if end.outcome == ledger.BOUNCED else SOFT
    if end.reason and end.outcome != ledger.SENT:
        properties["reason"] = end.reason
    event = {
        "type": "track", "event": name, "messageId": f"winback-{end.outcome}-{message.message_id}",
        "timestamp": times.iso(end.at), "context": _identifier(message), "properties": properties,
    }  # fmt: skip
    key = message.profile_id.encode()
    return Out(channel_topic(message.channel), murmur2(key) % partitions, key, orjson.dumps(event))


def _identifier(message: Message) -> dict[str, Any]:
    """The address as an identifier of the event: e-mail, phone, or the device's push token."""
    if message.channel == "push":
        return {"device": {"token": message.to}}
    return {"traits": {"email" if message.channel == EMAIL else "phone": message.to}}


def _decision(message: Message, end: Entry, reason: str, partitions: int) -> Out:
    """The step's later row: what was to be sent was not."""
    row = {
        "decision_id": blake2b(f"dispatch|{reason}|{message.message_id}".encode(), digest_size=16).hexdigest(),
        "profile_id": message.profile_id, "campaign_id": message.campaign_id, "step": message.step,
        "variant": message.variant, "arm": "treatment", "outcome": "cancelled", "reason": reason,
        "message_id": message.message_id, "trigger": message.trigger, "decided_at": times.iso(end.at),
    }  # fmt: skip
    partition = partition_of(message.profile_id, partitions)
    return Out(RETARGETING_DECISIONS, partition, message.profile_id.encode(), orjson.dumps(row))
