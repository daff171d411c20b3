"""Offers: one code a customer and campaign, made with the first message that carries it and kept for all later ones.

Contract 8.91; how a code is redeemed is contract 8.92.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from schemas.coupons import codes
from schemas.times import iso
from streams.core.campaigns import Campaign, CampaignStep
from streams.core.messaging.experiments import ExperimentAssignment
from streams.core.profile.event import Sealed
from streams.core.profile.state import OfferCode, Profile
from streams.core.protocol.ports import MAX_TIME


class Carried(NamedTuple):
    """The code a message carries: first sent at `since`, good until `expires` (epoch milliseconds)."""

    code: str
    discount: str
    since: int
    expires: int
    nth: int = 0

    def shown(self) -> dict[str, Any]:
        """As it stands in a message, and in what a template sees."""
        return {"code": self.code, "discount": self.discount, "expires_at": iso(self.expires)}


def of_message(
    profile: Profile, campaign: Campaign, step: CampaignStep, variant: str | None, at: int, draws: ExperimentAssignment
) -> Carried | None:
    """The offer that a message at `at` (epoch milliseconds) carries; None for a campaign that has no offer.

    None, too, for another variant, and once the offer has expired or its code is spent, unless the campaign makes a
    new one then. A later step that has no variants carries the code that an earlier one has made. Changes nothing.
    """
    offer = campaign.offer
    if offer is None:
        return None
    kept = profile.offers.get(campaign.id)
    if offer.variants and variant not in offer.variants and (kept is None or step.variants):
        return None
    if kept is None or (kept.spent and offer.reissue):
        nth = 0 if kept is None else kept.nth + 1
        code = draws.code(profile.id, campaign, offer.prefix, nth)
        return Carried(code, offer.discount, at, min(at + offer.valid_for, MAX_TIME), nth)
    good = at < kept.expires and not kept.spent
    return Carried(kept.code, offer.discount, kept.since, kept.expires, kept.nth) if good else None


def on_sent(profile: Profile, campaign: Campaign, carried: Carried) -> None:
    """The message went out: its code is this customer's from now on."""
    kept = profile.offers.get(campaign.id)
    if kept is None or kept.nth < carried.nth:
        profile.offers[campaign.id] = OfferCode(carried.code, carried.since, carried.expires, carried.nth)


def on_event(profile: Profile, event: Sealed) -> None:
    """A code that the customer's own `event` redeems, or that the shop refuses, is spent: also when that comes late."""
    for code in codes(event.name, event.properties):
        spend(profile, code)


def spend(profile: Profile, code: str) -> None:
    """Somebody has redeemed a `code` (in capitals), or it was refused: it is not given again."""
    for campaign_id, kept in profile.offers.items():
        if kept.code.upper() == code and not kept.spent:
            profile.offers[campaign_id] = OfferCode(kept.code, kept.since, kept.expires, kept.nth, spent=True)


def absorb(winner: Profile, loser: Profile) -> None:
    """A merge: the winner's codes stay, the loser's fill the gaps."""
    for campaign_id, kept in loser.offers.items():
        winner.offers.setdefault(campaign_id, kept)
