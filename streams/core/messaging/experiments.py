"""What is drawn for a customer: arm, variant, code of an offer. Keyed hashes, so nobody can steer them.

The same profile and campaign always draw the same, on every worker and in every run with the same secret.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Final

from streams.core.campaigns import Campaign, CampaignFile, CampaignStep

CONTROL: Final = "control"
TREATMENT: Final = "treatment"
_EVERY_CAMPAIGN: Final = "*"
_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no I, L, O, U (https://www.crockford.com/base32.html)."""
_LETTERS: Final = 8


class ExperimentAssignment:
    """The draws under one secret for customers, each known by a profile id (hex)."""

    def __init__(self, file: CampaignFile, secret: str) -> None:
        self._control_group = file.control_group
        self._key = blake2b(secret.encode(), digest_size=32, person=b"winback-arm").digest()

    def arm(self, profile_id: str, campaign: Campaign) -> str:
        """The arm: control for the global control group and the share that the campaign holds out, else treatment."""
        if campaign.transactional:
            return TREATMENT
        if self._control_group and self._number("control", profile_id, _EVERY_CAMPAIGN) < self._control_group:
            return CONTROL
        return CONTROL if self._number("holdout", profile_id, campaign.id) < campaign.holdout else TREATMENT

    def control_share(self, campaign: Campaign) -> float:
        """The chance, 0 to 1, that a customer is drawn into the control arm of the campaign: what `arm` comes to."""
        if campaign.transactional:
            return 0.0
        every, own = self._control_group, campaign.holdout
        return round(every + own - every * own, 12)

    def variant(self, profile_id: str, campaign: Campaign, step: CampaignStep) -> str | None:
        """The variant whose part of the weights the customer falls into; None for a step without any."""
        if not step.variants:
            return None
        left = self._number("variant", profile_id, campaign.id) * sum(step.variants.values())
        for name, weight in step.variants.items():
            if left < weight:
                return name
            left -= weight
        return None

    def code(self, profile_id: str, campaign: Campaign, prefix: str, nth: int = 0) -> str:
        """The code of the campaign's offer for this customer: `prefix`-XXXXXXXX, 40 bits in Crockford's base 32.

        `nth`: the first code is number 0, the one that takes its place once it is spent number 1, and so on.
        """
        drawn = int.from_bytes(self._digest(f"offer{nth or ''}", profile_id, campaign.id, _LETTERS * 5 // 8), "big")
        letters = "".join(_ALPHABET[drawn >> 5 * place & 31] for place in reversed(range(_LETTERS)))
        return f"{prefix}-{letters}"

    def _number(self, what: str, profile_id: str, campaign_id: str) -> float:
        return int.from_bytes(self._digest(what, profile_id, campaign_id, 8), "big") / 2**64

    def _digest(self, what: str, profile_id: str, campaign_id: str, size: int) -> bytes:
        return blake2b(f"{what}|{profile_id}|{campaign_id}".encode(), digest_size=size, key=self._key).digest()
