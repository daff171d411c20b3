"""cart_abandoned and checkout_abandoned: a transition of the cart machine (streams/core/cart/machine.py)."""

from __future__ import annotations

from streams.core.cart.machine import ABANDONED, Transition
from streams.core.triggers.trigger import Triggered


def on_transition(transition: Transition) -> Triggered | None:
    """The trigger that a transition to abandoned is; any order since the cart was opened ends what follows."""
    if transition.target != ABANDONED:
        return None
    return Triggered(
        f"{transition.stage}_abandoned", transition.at, transition.opened_at, transition.cart_id, transition.cart_id,
        transition.abandonment_no, transition.value,
    )  # fmt: skip
