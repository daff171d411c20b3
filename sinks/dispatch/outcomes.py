"""Decides what happens to a message next: the rules, in order, without a clock or a server."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from sinks.dispatch import ledger
from sinks.dispatch.ledger import Entry
from sinks.dispatch.message import Message


class Action(Enum):
    """The next step of a message that has no outcome yet."""

    SEND = "send"
    """Claim the message, then try to send it; with its claim in the ledger already, try."""
    WAIT = "wait"
    """Another dispatcher has claimed the message: wait for its result."""
    NOTHING = "nothing"
    """The message ended so long ago that its ledger entry is forgotten."""


class Outcome(NamedTuple):
    """How a message ended, still to be written to the ledger: an outcome (`ledger.SENT`, ...) and its reason."""

    outcome: str
    reason: str | None


class Recorded(NamedTuple):
    """A message whose outcome is in the ledger already."""

    entry: Entry


Verdict = Action | Outcome | Recorded


def judge(
    message: Message, entry: Entry | None, *, owner: str, suppressed: str | None, down: bool, now: int,
    repeatable: bool, alone: bool = False,
) -> Verdict:  # fmt: skip
    """The first of these rules that applies to a message, for the process `owner`, at `now` (epoch milliseconds).

    1. The ledger has its outcome: `Recorded`.
    2. It ended longer ago than the ledger remembers: `Action.NOTHING`.
    3. Another process has claimed it: wait while that process may be sending. After that (`alone`, or the claim is
       older than this reader) the outcome is `unknown`, unless the channel is `repeatable`: its server drops a second
       request with the same idempotency key.
    4. A reason in `suppressed` forbids to send it: `cancelled`.
    5. It has expired: `channel_down` when the channel was `down`, else `expired`.
    6. It has no address: `failed`.
    7. `Action.SEND`.

    By rules 4 and 5 a message that may have been sent by an earlier try is `unknown` instead.
    """
    if entry is not None and entry.state == ledger.DONE:
        return Recorded(entry)
    if entry is None and now >= message.expires_at + ledger.REMEMBERED:
        return Action.NOTHING
    foreign = entry is not None and entry.state == ledger.CLAIMED and entry.owner != owner
    if foreign and entry is not None:
        if not (entry.old or alone):
            return Action.WAIT
        if not repeatable:
            return Outcome(ledger.UNKNOWN, "claimed")
    unclear = foreign or (entry is not None and entry.unclear)
    if suppressed is not None:
        return Outcome(ledger.UNKNOWN if unclear else ledger.CANCELLED, suppressed)
    if now >= message.expires_at:
        if unclear:
            return Outcome(ledger.UNKNOWN, ledger.EXPIRED)
        down = down or (entry is not None and entry.down)
        return Outcome(ledger.CHANNEL_DOWN, None) if down else Outcome(ledger.EXPIRED, None)
    if not message.to and message.channel != "broadcast":
        return Outcome(ledger.FAILED, "no_address")
    return Action.SEND
