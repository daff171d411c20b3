"""Messages that are taken back: decided before something came to light that forbids them, and not delivered yet.

An order that came late, or with a merge, takes back what it would have prevented; a no, a complaint or a hard bounce,
which a merge may bring as well, what would go against it; an address that has become somebody else's what would go
there. One more row says so, once a message. Contract section 8, Sequences.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Final

from schemas.consent_said import ALL
from schemas.consent_words import ALWAYS, BOUNCED
from streams.core.campaigns import Campaigns
from streams.core.contact import consent
from streams.core.contact.points import Lost
from streams.core.contact.statements import Statement
from streams.core.messaging.decision import OF_CARTS, Decision, digest, row
from streams.core.messaging.experiments import TREATMENT
from streams.core.profile.event import Sealed
from streams.core.profile.state import Enrollment, Profile, SentMessage

_RETRACTED: Final = "r"
_ARRIVED: Final = frozenset("docbu")
"""Flags of a message that is known to have come to its end: it was delivered, or it bounced."""


def by_order(profile: Profile, event: Sealed, ref: str, cart_id: str | None, campaigns: Campaigns) -> list[Decision]:
    """What an order that came late takes back: each message sent at or after it that it would have prevented.

    `ref` is the order's as enrollments have it, `cart_id` the cart that it has converted, which may have been opened
    after it; `campaigns` say how long a message may be on its way, and which are transactional: these stay.
    """
    since, at = event.clock - campaigns.file.message_ttl, event.time
    return _taken(
        profile,
        lambda m: m.at >= at and m.at > since and not _deal(m, campaigns) and (
            ended_by(m.trigger, m.since, m.ref, at, ref) or m.ref == cart_id
        ),
        "converted", at,
    )  # fmt: skip


def by_contents(profile: Profile, event: Sealed, cart_id: str, campaigns: Campaigns) -> list[Decision]:
    """What a call of an order takes back that came late and tells that a whole cart, `cart_id`, had been bought.

    The messages about this cart since; `campaigns` as of `by_order`.
    """
    since, at = event.clock - campaigns.file.message_ttl, event.time
    return _taken(
        profile,
        lambda m: m.ref == cart_id and m.at >= at and m.at > since and not _deal(m, campaigns),
        "converted", at,
    )  # fmt: skip


def by_merge(
    profile: Profile, theirs: Collection[int], orders: tuple[int, int], at: int, campaigns: Campaigns
) -> list[Decision]:
    """What the other side's last order takes back in a merge at `at` (epoch milliseconds).

    `theirs` are the ids (`id`) of the messages that the loser brought, `orders` the last orders of the winner and of
    the loser (epoch ms, -1 for none); `campaigns` as of `by_order`.
    """
    ttl = campaigns.file.message_ttl

    def prevented(message: SentMessage) -> bool:
        order = orders[0] if id(message) in theirs else orders[1]
        if (
            _deal(message, campaigns)
            or not 0 <= order <= message.at
            or message.at <= at - ttl
            or not _ARRIVED.isdisjoint(message.flags)
        ):
            return False
        return ended_by(message.trigger, message.since, message.ref, order, "")

    return _taken(profile, prevented, "converted", at)


def by_merged_no(profile: Profile, at: int, campaigns: Campaigns) -> list[Decision]:
    """What goes against the consent of both sides of a merge at `at` (epoch ms), taken together, and has not arrived.

    `campaigns` as of `by_order`.
    """
    ttl = campaigns.file.message_ttl

    def unwanted(message: SentMessage) -> bool:
        if message.at <= at - ttl or not _ARRIVED.isdisjoint(message.flags):
            return False
        campaign = campaigns.by_id.get(message.campaign)
        if campaign is not None and campaign.transactional:
            return consent.unwanted(profile, message.channel, message.to)
        topic = None if campaign is None else campaign.topic
        return consent.refuses(profile, message.channel, topic, message.to)

    return _taken(profile, unwanted, "no_consent", at)


def by_word(profile: Profile, event: Sealed, said: Sequence[Statement], campaigns: Campaigns) -> list[Decision]:
    """What a no, a complaint or a hard bounce takes back: what it is about and is not known to have arrived.

    `said` is all that the event says.
    """
    nos = [one for one in said if one.hard and (one.withdraws or (one.reason == BOUNCED and not one.given))]
    if not nos or not profile.sent:
        return []
    since = event.clock - campaigns.file.message_ttl

    def unwanted(message: SentMessage) -> bool:
        if message.at <= since or not _ARRIVED.isdisjoint(message.flags):
            return False
        campaign = campaigns.by_id.get(message.campaign)
        if campaign is not None and campaign.transactional:
            return any(no.reason in ALWAYS and _about(profile, no, message, None) for no in nos)
        return any(_about(profile, no, message, None if campaign is None else campaign.topic) for no in nos)

    return _taken(profile, unwanted, "no_consent", event.time)


def by_loss(profile: Profile, lost: Lost, ttl: int) -> list[Decision]:
    """What goes to an address that is the customer's no more; `ttl`: how long a message may be on its way (ms)."""
    return _taken(
        profile,
        lambda m: (m.channel, m.to) == (lost.channel, lost.address)
        and m.at > lost.at - ttl
        and _ARRIVED.isdisjoint(m.flags),
        "no_contact", lost.at,
    )  # fmt: skip


def ended_by(trigger: str, since: int, ref: str, order_at: int, order_ref: str) -> bool:
    """Whether an order ends what began then; what thanks for an order is only ended by another, later one.

    `trigger`, `since` (epoch ms) and `ref` are those of an enrollment, `order_at` (epoch ms) and `order_ref` the
    order's.
    """
    if trigger == "order_completed":
        return order_at > since and order_of(ref) != order_ref
    return order_at >= since


def order_of(ref: str) -> str:
    """The order that the `ref` of an enrollment thanks for, without when it was placed and by which profile."""
    return ref.rsplit(":", 2)[0]


def _deal(message: SentMessage, campaigns: Campaigns) -> bool:
    campaign = campaigns.by_id.get(message.campaign)
    return campaign is not None and campaign.transactional


def _about(profile: Profile, no: Statement, message: SentMessage, topic: str | None) -> bool:
    """Whether a message goes against a no: a customer's is about the channel, a bounce about its address alone."""
    if no.channel not in (ALL, message.channel) or no.topic not in (None, topic):
        return False
    if no.reason != BOUNCED:
        return True
    known = profile.contacts.get(no.channel)
    return message.to == (no.address if no.address is not None or known is None else known.value)


def _taken(profile: Profile, which: Callable[[SentMessage], bool], reason: str, at: int) -> list[Decision]:
    decisions = []
    for message in profile.sent:
        if _RETRACTED in message.flags or not which(message):
            continue
        message.flags += _RETRACTED
        campaign_id, about, step, number = message.campaign, message.ref, message.step, message.abandonment_no
        of = Enrollment(
            campaign_id, message.trigger, message.triggered_at, message.since, about,
            about if message.trigger in OF_CARTS else None, number,
        )  # fmt: skip
        value = row(
            profile, of, step, decision_id=digest(profile.id, campaign_id, about, number, step, "retracted"),
            variant=message.variant, arm=TREATMENT, control_share=None, outcome="cancelled", reason=reason,
            message_id=message.message_id, at=at,
        )  # fmt: skip
        decisions.append(Decision(value, None, None, at))
    return decisions
