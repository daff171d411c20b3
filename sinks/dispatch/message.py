"""A message as delivery needs it, read from a record of `retargeting.messages`."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import orjson

from schemas import times
from schemas.topics import DAY_MS

EMAIL: Final = "email"
CHANNELS: Final = (EMAIL, "sms", "push", "messenger", "ads", "broadcast")
"""Channels that messages go out on."""


class UnreadableError(Exception):
    """A record that is no message; says what is wrong with it, never what is in it."""


class Message(NamedTuple):
    """One message. Times are epoch milliseconds; `raw` is the record's value as it came."""

    message_id: str
    profile_id: str
    campaign_id: str
    step: str
    variant: str | None
    channel: str
    to: str
    subject: str
    body: str
    trigger: dict[str, Any]
    trigger_at: int
    decided_at: int
    expires_at: int
    """Not to be sent from this moment on: as the record says, else a day after it was decided."""
    raw: bytes
    transactional: bool = False
    quiet_from: int | None = None
    quiet_until: int = 0

    def quiet_for(self, now: int) -> int:
        """How long it is still quiet where the customer is, in milliseconds; 0 when it may be sent `now`.

        A message that waits for days finds it quiet at the same times each day.
        """
        if self.quiet_from is None or now < self.quiet_from:
            return 0
        return max(0, self.quiet_until - self.quiet_from - (now - self.quiet_from) % DAY_MS)


def read(value: bytes) -> Message:
    """The message in a record's value. Raises UnreadableError for anything else."""
    try:
        found = orjson.loads(value)
    except orjson.JSONDecodeError:
        raise UnreadableError("no JSON") from None
    if not isinstance(found, dict):
        raise UnreadableError("no object")
    texts = {name: _text(found, name) for name in ("message_id", "profile_id", "campaign_id", "step", "channel")}
    trigger = found.get("trigger")
    if not isinstance(trigger, dict):
        raise UnreadableError("trigger is missing")
    decided_at = _time(found, "decided_at")
    quiet = [None if found.get(name) is None else _time(found, name) for name in ("quiet_from", "quiet_until")]
    expires_at = decided_at + DAY_MS if found.get("expires_at") is None else _time(found, "expires_at")
    return Message(
        **texts, variant=found.get("variant"), to=str(found.get("to") or ""), subject=str(found.get("subject") or ""),
        body=str(found.get("body") or ""), trigger=trigger, trigger_at=_time(trigger, "at"),
        decided_at=decided_at, expires_at=expires_at,
        raw=value, transactional=found.get("transactional") is True,
        quiet_from=quiet[0], quiet_until=quiet[1] or 0,
    )  # fmt: skip


def _text(found: dict[str, Any], name: str) -> str:
    value = found.get(name)
    if not isinstance(value, str) or not value:
        raise UnreadableError(f"{name} is missing")
    return value


def _time(found: dict[str, Any], name: str) -> int:
    at = times.parse(found.get(name))
    if at is None:
        raise UnreadableError(f"{name} is no time")
    return at
