"""What to do with a message now: the rules, in order, without any clock or server."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from sinks.dispatch import ledger
from sinks.dispatch.ledger import Entry
from sinks.dispatch.message import Message


class Next(Enum):
    """What is to be done, where there is nothing to record yet."""

    SEND = "send"
    """Claim it and try; with the claim in the ledger, try."""
    WAIT = "wait"
    """Another dispatcher is at it: its result is to be waited for."""
    NOTHING = "nothing"
    """It ended before anybody remembers."""


class Final(NamedTuple):
    """The end of a message, to be recorded."""

    outcome: str
    reason: str | None


class Known(NamedTuple):
    """The end of a message, as it is recorded."""

    entry: Entry


Verdict = Next | Final | Known


def judge(
    message: Message, entry: Entry | None, *, owner: str, barred: str | None, down: bool, now: int, repeatable: bool,
    alone: bool = False,
) -> Verdict:  # fmt: skip
    """The first of these that applies to a message, for the process `owner`, at `now` (epoch milliseconds).

    1. It has an outcome. 2. It ended long ago. 3. Somebody else has claimed it: as long as that may be going on, wait;
    after that (`alone`, or the claim is older than this reader) it is unknown whether it was sent, unless the channel
    is `repeatable`, as a server that knows the idempotency key drops a second one. 4. It is `barred`: cancelled.
    5. It has expired: because the channel was `down`, or just so. 6. It has no address. 7. Send it.

    What may have been sent before, and may not be tried any more, is `unknown`, whatever the reason.
    """
    if entry is not None and entry.state == ledger.DONE:
        return Known(entry)
    if entry is None and now >= message.expires_at + ledger.REMEMBERED:
        return Next.NOTHING
    foreign = entry is not None and entry.state == ledger.CLAIMED and entry.owner != owner
    if foreign and entry is not None:
        if not (entry.old or alone):
            return Next.WAIT
        if not repeatable:
            return Final(ledger.UNKNOWN, "claimed")
    unclear = foreign or (entry is not None and entry.unclear)
    if barred is not None:
        return Final(ledger.UNKNOWN if unclear else ledger.CANCELLED, barred)
    if now >= message.expires_at:
        if unclear:
            return Final(ledger.UNKNOWN, ledger.EXPIRED)
        down = down or (entry is not None and entry.down)
        return Final(ledger.CHANNEL_DOWN, None) if down else Final(ledger.EXPIRED, None)
    if not message.to and message.channel != "broadcast":
        return Final(ledger.FAILED, "no_address")
    return Next.SEND
