"""Offers: one code a customer and campaign, made with the first message that carries it and kept for all later ones.

Contract 8.82; how a code is redeemed is contract 8.83.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from schemas.times import iso
from streams.core.campaigns import Campaign, CampaignStep
from streams.core.messaging.experiments import ExperimentAssignment
from streams.core.profile.state import OfferCode, Profile
from streams.core.protocol.ports import MAX_TIME


class Carried(NamedTuple):
    """The code a message carries: first sent at `since`, good until `expires` (epoch milliseconds)."""

    code: str
    discount: str
    since: int
    expires: int

    def shown(self) -> dict[str, Any]:
        """As it stands in a message, and in what a template sees."""
        return {"code": self.code, "discount": self.discount, "expires_at": iso(self.expires)}


def of_message(
    profile: Profile, campaign: Campaign, step: CampaignStep, variant: str | None, at: int, draws: ExperimentAssignment
) -> Carried | None:
    """The offer that a message at `at` (epoch milliseconds) carries; None for a campaign that has no offer.

    None, too, for another variant, and once the offer has expired. A later step that has no variants carries the code
    that an earlier one has made. Changes nothing.
    """
    offer = campaign.offer
    if offer is None:
        return None
    kept = profile.offers.get(campaign.id)
    if offer.variants and variant not in offer.variants and (kept is None or step.variants):
        return None
    if kept is None:
        code = draws.code(profile.id, campaign, offer.prefix)
        return Carried(code, offer.discount, at, min(at + offer.valid_for, MAX_TIME))
    return Carried(kept.code, offer.discount, kept.since, kept.expires) if at < kept.expires else None


def on_sent(profile: Profile, campaign: Campaign, carried: Carried) -> None:
    """The message went out: its code is this customer's from now on."""
    profile.offers.setdefault(campaign.id, OfferCode(carried.code, carried.since, carried.expires))


def absorb(winner: Profile, loser: Profile) -> None:
    """A merge: the winner's codes stay, the loser's fill the gaps."""
    for campaign_id, kept in loser.offers.items():
        winner.offers.setdefault(campaign_id, kept)
