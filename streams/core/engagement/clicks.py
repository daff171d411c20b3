"""Clicks by machines that call themselves browsers: scanners follow the links of a message before anybody reads it.

A click is a machine's before the delivery, shortly after the sending, and as one of three or more different links
within two seconds. Some of it is known only afterwards: those that counted are taken back then. docs/contract.md,
"Feedback".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from schemas.values import filled_text
from streams.core.profile.event import Sealed
from streams.core.profile.state import Click, SentMessage

BURST_MS: Final = 2_000
BURST_LINKS: Final = 3
QUEUED_MS: Final = 60_000
"""A message that is delivered so long after the decision was sent when it was delivered."""
_MOST_KEPT: Final = 20
_WITH_LINKS: Final = frozenset({"email", "sms"})
_LINKS: Final = ("link", "url", "href", "link_url", "linkUrl", "link_id", "target")
NONE: Final = -1
"""The hour of a click that does not count."""


def is_early(message: SentMessage, at: int, machine_ms: int) -> bool:
    """Whether a click at `at` (epoch milliseconds) comes before the delivery or within `machine_ms` of the sending."""
    if message.channel not in _WITH_LINKS:
        return False
    sent = message.delivered if message.delivered - message.at >= QUEUED_MS else message.at
    return at < message.delivered or at - sent < machine_ms


def on_click(message: SentMessage, event: Sealed, hour: int) -> list[Click] | None:
    """Remember a click on a message that counts in the local `hour`, `NONE` if it does not.

    Returns None if it counts, else, where it is one of a burst, the clicks that are to be taken back.
    """
    if message.channel not in _WITH_LINKS:
        return None
    since = event.time - BURST_MS
    click = Click(event.time, _link(event), hour)
    near = [other for other in message.clicks if since <= other.at <= event.time]
    message.clicks = [other for other in message.clicks if other.at >= since or (other.hour != NONE)][-_MOST_KEPT:]
    message.clicks.append(click)
    if len({other.link for other in (*near, click)} - {""}) < BURST_LINKS:
        return None
    click.hour = NONE
    return _taken_back([other for other in near if other.hour != NONE])


def on_delivery(message: SentMessage, at: int) -> list[Click]:
    """The message was delivered at `at` (epoch milliseconds): what was clicked before that was not by a person.

    Returns what counted of it, and is to be taken back.
    """
    message.delivered = message.delivered or at
    early = [click for click in message.clicks if click.at < at and click.hour != NONE]
    return _taken_back(early)


def _taken_back(clicks: Sequence[Click]) -> list[Click]:
    """The clicks as they were; from now on they count as none, and still as links that were followed."""
    were = [Click(click.at, click.link, click.hour) for click in clicks]
    for click in clicks:
        click.hour = NONE
    return were


def _link(event: Sealed) -> str:
    for name in _LINKS:
        if (link := filled_text(event.properties.get(name))) is not None:
            return link[:200]
    page = event.context.get("page")
    return (filled_text(page.get("url")) or "")[:200] if type(page) is dict else ""
