"""A decision as a value: the row for `retargeting.decisions`, what it is known by, and the message if there is one."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any, Final, NamedTuple

from schemas.times import iso
from streams.core.profile.state import Enrollment, Profile

OF_CARTS: Final = frozenset({"cart_abandoned", "checkout_abandoned"})
"""The triggers that are about a cart: their `ref` is its id."""
ABANDONMENTS: Final = OF_CARTS | {"browse_abandoned"}
"""Those whose first message an order is credited to."""
BROWSED: Final = "browse:"
"""How the `ref` of an abandoned visit begins; no cart has such an id."""


class Decision(NamedTuple):
    """One outcome of one step at `at` (epoch milliseconds). `channel` is the one chosen, None if none was yet."""

    row: dict[str, Any]
    message: dict[str, Any] | None
    channel: str | None
    at: int

    @property
    def waits(self) -> bool:
        """Whether the step comes back."""
        return bool(self.row["outcome"] == "deferred")


def row(
    profile: Profile, enrollment: Enrollment, step: str, *, decision_id: str, variant: str | None, arm: str,
    control_share: float | None, outcome: str, reason: str | None, message_id: str | None, at: int,
) -> dict[str, Any]:  # fmt: skip
    """The record on `retargeting.decisions`: its columns by name (docs/contract.md section 2).

    `decision_id` is 32 hex digits, `message_id` None where the row is of no message, `at` epoch milliseconds; `step`,
    `variant`, `arm`, `outcome` and `reason` are the values of their columns. `control_share`: the chance with which the
    arm was drawn control, None where none was drawn.
    """
    return {
        "decision_id": decision_id,
        "profile_id": profile.id,
        "campaign_id": enrollment.campaign,
        "step": step,
        "variant": variant,
        "arm": arm,
        "control_share": control_share,
        "outcome": outcome,
        "reason": reason,
        "message_id": message_id,
        "trigger": trigger_shown(enrollment),
        "decided_at": iso(at),
    }


def trigger_shown(enrollment: Enrollment) -> dict[str, Any]:
    """The trigger as it stands on rows and messages."""
    return {"type": enrollment.trigger, "at": iso(enrollment.at), "cart_id": enrollment.cart_id}


def digest(profile_id: str, campaign: str, ref: str, abandonment_no: int, step: str, *more: str) -> str:
    """The 32 hex digits that are the same whenever this step of this enrollment is decided again.

    `profile_id`, `campaign` and `step` name the step, `ref` and `abandonment_no` what set the enrollment off; `more`
    tells apart the ids made of the same step.
    """
    parts = (profile_id, campaign, ref, str(abandonment_no), step, *more)
    return blake2b("|".join(parts).encode(), digest_size=16).hexdigest()
