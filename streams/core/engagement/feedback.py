"""What became of a message: delivered, opened, clicked, bounced, or the last one the customer wanted.

An event tells by its name, with the message's id or its campaign's in its properties; or it is a page that was opened
by a link of a message (`wb_mid`). Contract 8.71 and 8.73.
"""

from __future__ import annotations

import re
from typing import Any, Final, NamedTuple

from schemas.names import (
    ACTIVITY_TYPES,
    EMAIL_BOUNCED,
    EMAIL_DELIVERED,
    EMAIL_LINK_CLICKED,
    EMAIL_MARKED_AS_SPAM,
    EMAIL_OPENED,
    PUSH_NOTIFICATION_BOUNCED,
    PUSH_NOTIFICATION_RECEIVED,
    PUSH_NOTIFICATION_TAPPED,
    SMS_DELIVERED,
    SMS_FAILED,
    SMS_LINK_CLICKED,
    UNSUBSCRIBED,
)
from streams.core.aggregates.cells import COUNTED
from streams.core.engagement import clicks, sent
from streams.core.engagement.hours import local_hour
from streams.core.profile.event import Sealed
from streams.core.profile.state import Click, Engagement, Enrollment, Profile, SentMessage

_FLAGS: Final = {
    EMAIL_DELIVERED: "d", SMS_DELIVERED: "d", PUSH_NOTIFICATION_RECEIVED: "d",
    EMAIL_OPENED: "o",
    EMAIL_LINK_CLICKED: "c", SMS_LINK_CLICKED: "c", PUSH_NOTIFICATION_TAPPED: "c",
    EMAIL_BOUNCED: "b", SMS_FAILED: "b", PUSH_NOTIFICATION_BOUNCED: "b",
    EMAIL_MARKED_AS_SPAM: "u", UNSUBSCRIBED: "u",
}  # fmt: skip
"""The letter that stands for an event among the flags of a message that was sent."""
_COUNTS: Final = {"d": "delivered", "o": "opens", "c": "clicks", "b": "bounces", "u": "unsubscribes"}
ENGAGED: Final = {
    EMAIL_OPENED: "email", EMAIL_LINK_CLICKED: "email", SMS_LINK_CLICKED: "sms", PUSH_NOTIFICATION_TAPPED: "push",
}  # fmt: skip
"""Responses, and the channel each is one on."""
_LINK: Final = re.compile(r"[?&]wb_mid=([0-9a-v]{48})(?![0-9a-v])")
_VISITED: Final = frozenset({"web", "app"})


class Feedback(NamedTuple):
    """What an event about a message means: what to count, and which enrollments it responds to.

    `counts` is an amount of the cell campaign_day with the dimensions `of`, None when it is not the first of its kind
    for that message. `channel` and `hour` (local) are those of a response, None when it is none. `engaged` are the
    enrollments that have had their first response. `undone` are clicks that counted before and were a machine's:
    each with when, the channel and the hour it counted in; `unclicked` is when the first click of the message was, if
    none is left, -1 else. `message_id`
    is that of the message, empty for none that is known.
    """

    counts: str | None
    of: dict[str, str]
    channel: str | None
    hour: int
    engaged: tuple[Enrollment, ...]
    undone: tuple[tuple[int, str, int], ...] = ()
    unclicked: int = -1
    message_id: str = ""


def counted(event: Sealed) -> str | None:
    """What the totals of a channel count an event as; opens and clicks of machines apart."""
    what = COUNTED.get(event.name)
    if (what == "opens" or what == "clicks") and event.by_machine:  # noqa: PLR1714 - a tuple would be searched
        return f"machine_{what}"
    return what


def on_event(profile: Profile, event: Sealed, zone: str, machine_ms: int) -> Feedback | None:
    """Note what an event tells of a message; None when it tells nothing.

    `zone` is where the customer's clock is. A click within `machine_ms` of the sending is a machine's.
    """
    flag = _FLAGS.get(event.name)
    if flag is not None:
        message_id = event.properties.get("message_id")
        message = sent.find(profile, message_id) if isinstance(message_id, str) and profile.sent else None
        channel = ENGAGED.get(event.name)
    elif profile.sent and (event.channel in _VISITED or event.type in ACTIVITY_TYPES):
        followed = _followed(event)
        message = None if followed is None else sent.find(profile, followed)
        if message is None:
            return None
        flag = "c"
        channel = None if "c" in message.flags else message.channel
    else:
        return None
    if flag in "oc" and event.by_machine:
        return None
    undone: list[Click] = []
    hour = local_hour(event.time, zone) if channel is not None else 0
    if message is not None and flag == "c":
        if clicks.is_early(message, event.time, machine_ms):
            event.machine = True
            clicks.on_click(message, event, clicks.NONE)
            return None
        burst = clicks.on_click(message, event, clicks.NONE if channel is None else hour)
        if burst is not None:
            event.machine = True
            return _undone(profile, message, burst)
    elif message is not None and flag == "d":
        undone = clicks.on_delivery(message, event.time)
    counts = _COUNTS[flag] if message is not None and flag not in message.flags else None
    if message is not None and counts is not None:
        message.flags = "".join(sorted(message.flags + flag))
    engaged: tuple[Enrollment, ...] = ()
    if channel is not None:
        profile.engagement.setdefault(channel, Engagement()).engaged += 1
        profile.hours[str(hour)] = profile.hours.get(str(hour), 0) + 1
    elif counts is None and not undone:
        return None
    if channel is not None and profile.enrollments:
        engaged = _engage(profile, message, event.properties.get("campaign_id"))
    of, message_id = ({}, "") if message is None else (_dimensions(message), message.message_id)
    told = Feedback(counts, of, channel, hour, engaged, message_id=message_id)
    if undone and message is not None:
        back = _undone(profile, message, undone)
        told = told._replace(undone=back.undone, unclicked=back.unclicked)
    return told


def absorb(winner: Profile, loser: Profile) -> None:
    """Responses by hour add."""
    for hour, count in loser.hours.items():
        winner.hours[hour] = winner.hours.get(hour, 0) + count


def _undone(profile: Profile, message: SentMessage, taken_back: list[Click]) -> Feedback:
    """Clicks that counted were a machine's: what they have changed is as it was."""
    known = profile.engagement.get(message.channel)
    for click in taken_back:
        if known is not None:
            known.engaged -= 1
        left = profile.hours.get(str(click.hour), 0) - 1
        profile.hours[str(click.hour)] = left
        if left <= 0:
            del profile.hours[str(click.hour)]
    unclicked = -1
    if taken_back and not any(click.hour != clicks.NONE for click in message.clicks):
        if "c" in message.flags:
            message.flags = message.flags.replace("c", "")
            unclicked = taken_back[0].at
        of = (message.campaign, message.ref)
        responded = any(
            (sent.campaign, sent.ref) == of and ("o" in sent.flags or "c" in sent.flags) for sent in profile.sent
        )
        for enrollment in profile.enrollments:
            if (enrollment.campaign, enrollment.ref) == of:
                enrollment.engaged = responded
    undone = tuple((click.at, message.channel, click.hour) for click in taken_back)
    return Feedback(None, _dimensions(message), None, 0, (), undone, unclicked, message.message_id)


def _followed(event: Sealed) -> str | None:
    """The message whose link led to this page."""
    page = event.context.get("page")
    urls = (page.get("url"), page.get("search")) if type(page) is dict else ()
    for url in (*urls, event.properties.get("url")):
        if type(url) is str and "wb_mid=" in url and (found := _LINK.search(url)) is not None:
            return found[1]
    return None


def _engage(profile: Profile, message: SentMessage | None, campaign: Any) -> tuple[Enrollment, ...]:
    """The enrollments that are responded to for the first time: the message's own, else the one of the campaign."""
    found = [
        enrollment
        for enrollment in profile.enrollments
        if not enrollment.engaged
        and (
            enrollment.campaign == campaign
            if message is None
            else (enrollment.campaign, enrollment.ref) == (message.campaign, message.ref)
        )
    ]
    for enrollment in found:
        enrollment.engaged = True
    return tuple(found)


def _dimensions(message: SentMessage) -> dict[str, str]:
    return {
        "campaign_id": message.campaign, "step": message.step, "variant": message.variant or "",
        "arm": "treatment", "channel": message.channel,
    }  # fmt: skip
