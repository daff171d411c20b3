"""What a try has come to, read off what the server said."""

from __future__ import annotations

import re
from enum import Enum
from typing import Final, NamedTuple


class Kind(Enum):
    """What an answer means for the message and for its channel."""

    ACCEPTED = "accepted"
    ADDRESS = "address"
    """Refused for good, because of the address."""
    REFUSED = "refused"
    """Refused for good, for another reason."""
    DEFERRED = "deferred"
    """Not now, and surely not sent: the message's own matter."""
    DOWN = "down"
    """Surely not sent: the channel's matter."""
    UNCLEAR = "unclear"
    """It may have been sent; the channel failed in the middle."""


class Answer(NamedTuple):
    """`reason` is short and holds nothing of the message. `wait`: seconds that the server asks for."""

    kind: Kind
    reason: str
    wait: float = 0.0

    @property
    def failed(self) -> bool:
        """Whether it speaks against the channel."""
        return self.kind in (Kind.DOWN, Kind.UNCLEAR)


MAIL: Final = "mail"
RCPT: Final = "rcpt"
DATA: Final = "data"

_ENHANCED: Final = re.compile(r"\b([245])\.(\d{1,3})\.\d{1,3}\b")
_BAD_ADDRESS: Final = frozenset({550, 551, 553})
_LONGEST_WAIT: Final = 3600.0


def smtp(stage: str, code: int, text: str) -> Answer:
    """The meaning of a reply, its code and text, to the stage MAIL, RCPT or DATA that is not the one hoped for.

    Classes of RFC 5321 (4xx for now, 5xx for good) and enhanced codes of RFC 3463 (x.1: the address, x.2.1: the
    mailbox is disabled). A refusal of our own side (MAIL, authentication) is the channel's matter. A 421 ends the
    connection; at RCPT or DATA it is deferred, and the caller knows whether others go through (`smtp.Smtp`).
    """
    reason = f"smtp_{code}"
    if not 400 <= code < 600:
        return Answer(Kind.UNCLEAR if stage == DATA else Kind.DOWN, "smtp_garbled")
    if code in (530, 535) or (stage == MAIL and code != 552):
        return Answer(Kind.DOWN, reason)
    if code < 500:
        return Answer(Kind.DEFERRED, reason)
    enhanced = _ENHANCED.search(text)
    if enhanced is not None:
        address = enhanced[2] == "1" or enhanced[0] == "5.2.1"
    else:
        address = stage == RCPT and code in _BAD_ADDRESS
    return Answer(Kind.ADDRESS if address else Kind.REFUSED, reason)


def http(status: int, retry_after: str | None = None) -> Answer:
    """The meaning of a webhook's status and `retry_after`, its header Retry-After in seconds (docs/delivery.md)."""
    reason = f"http_{status}"
    if 200 <= status < 300:
        return Answer(Kind.ACCEPTED, reason)
    if status in (404, 410):
        return Answer(Kind.ADDRESS, reason)
    if status in (400, 413, 415, 422, 451):
        return Answer(Kind.REFUSED, reason)
    wait = min(float(retry_after), _LONGEST_WAIT) if retry_after and re.fullmatch(r"\d{1,9}", retry_after) else 0.0
    unclear = status in (408, 409) or (status >= 500 and status not in (501, 503, 505))
    return Answer(Kind.UNCLEAR if unclear else Kind.DOWN, reason, wait)
