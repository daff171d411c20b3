"""Campaigns: the core, driven by replay, against the oracle, over histories of many rules and few customers."""

from __future__ import annotations

import pytest

from tests.oracle.campaign_histories import random_campaigns
from tests.oracle.core import both
from tests.oracle.run import run

BLOCKS = 4
FIRST, HISTORIES = 10_000, 120
"""Other seeds than the simulation's."""


@pytest.mark.parametrize("block", range(BLOCKS))
def test_seeded_campaigns(block: int) -> None:
    """Decisions, messages word for word, offers and totals are the oracle's, under any number of partitions."""
    for seed in range(FIRST + block, FIRST + HISTORIES, BLOCKS):
        history, partitions = random_campaigns(seed), 1 + seed % 5
        _, found = both(history.records(partitions), history.campaigns, partitions=partitions)
        assert not found, f"seed {seed}\n{history!r}\n" + "\n".join(found)


def test_the_generator_reaches_everything() -> None:
    """Seeded histories hold every outcome of every trigger, each channel, and what is rare at least once."""
    seen: set[str] = set()
    moved: set[str] = set()
    for seed in range(200):
        history = random_campaigns(seed)
        out = run(history.records(), campaigns=history.campaigns)
        seen |= {f"{d['outcome']} {d['reason']}" for d in out.decisions}
        seen |= {f"{d['trigger']['type']} {d['outcome']}" for d in out.decisions}
        seen |= {f"on {m['channel']}" for m in out.messages} | {what for _, what, _ in out.told}
        seen |= {"offer" for m in out.messages if m["offer"]} | {"recovered" for c in out.conversions if c["recovered"]}
        seen |= {"recommended" for m in out.messages if " with " in m["body"]}
        moved |= {f"{m['change']} {m['reason']}" for m in out.memberships}
        seen |= {"in German" for m in out.messages if m["subject"] == "Hallo"}
    triggers = (
        "cart_abandoned", "checkout_abandoned", "browse_abandoned", "order_completed", "product_added", "price_dropped",
        "back_in_stock", "lapsed", "content_viewed", "hashtag_used", "store_nearby", "segment_entered",
    )  # fmt: skip
    assert seen >= {f"{trigger} sent" for trigger in triggers} | {
        "held_out None", "suppressed no_contact", "suppressed no_consent", "suppressed capped", "suppressed exited",
        "suppressed invalid_template", "deferred quiet_hours", "deferred capped", "cancelled converted",
        "cancelled exited", "on email", "on sms", "on push", "on ads", "on broadcast", "offer", "recovered",
        "recommended", "in German", "delivered", "opens", "clicks", "bounces", "unsubscribes",
    }  # fmt: skip
    assert moved == {"entered event", "entered time", "entered merge", "left event", "left time", "left merge"}
