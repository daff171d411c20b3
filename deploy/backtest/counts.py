"""What one campaigns file comes to: messages and reasons, counted decision by decision."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from deploy.backtest.collisions import Collisions
from deploy.backtest.offers import Offers
from deploy.backtest.sides import Made, Value
from schemas import times, zones

OUTCOMES: Final = ("sent", "held_out", "suppressed", "deferred", "cancelled")
QUIET: Final = "quiet_hours"


class Counts:
    """Counts of one campaigns file; hours are those of the shop's time zone, `zone` (a name of the IANA list).

    Public counters are by (campaign, step), channel, hour, customer, (campaign, outcome, reason), and campaign.
    """

    def __init__(self, zone: str) -> None:
        self._zone = zone
        self.outcomes: Counter[str] = Counter()
        self.messages: Counter[tuple[str, str]] = Counter()
        self.channels: Counter[str] = Counter()
        self.hours: Counter[int] = Counter()
        self.customers: Counter[str] = Counter()
        self.reasons: Counter[tuple[str, str, str]] = Counter()
        self.quiet: Counter[tuple[str, str]] = Counter()
        self.taken_back = 0
        self.offers, self.collisions = Offers(), Collisions()
        self._deferred: dict[tuple[Any, ...], bool] = {}

    def add(self, made: Made, carts: Mapping[tuple[str, str], Value]) -> None:
        """A decision of the partition at hand; `carts` are what its carts were worth."""
        row = made.row
        campaign, outcome, reason = row["campaign_id"], row["outcome"], row["reason"]
        self.outcomes[outcome] += 1
        if outcome == "sent":
            self.messages[campaign, row["step"]] += 1
            self.customers[made.customer] += 1
            self.hours[zones.local_time(times.parse(row["decided_at"]) or 0, self._zone).hour] += 1
            if made.sent is not None:
                self.channels[made.sent.channel] += 1
        else:
            self.reasons[campaign, outcome, reason or ""] += 1
            # A message that is taken back is named; a step that was cancelled never had one.
            self.taken_back += outcome == "cancelled" and row["message_id"] is not None
        self._quiet(row)
        self.offers.add(made, carts)
        self.collisions.add(made)

    def settle(self) -> None:
        """The partition is at its end."""
        self.collisions.settle()
        self._deferred.clear()

    def totals(self) -> dict[str, int]:
        """Returns decisions in all and by outcome, messages that were taken back, and customers who got a message."""
        by_outcome = {outcome: self.outcomes[outcome] for outcome in OUTCOMES}
        return {
            "decisions": self.outcomes.total(), **by_outcome, "taken_back": self.taken_back,
            "customers": len(self.customers),
        }  # fmt: skip

    def by_customer(self) -> dict[str, int]:
        """How many customers got 1, 2, and 3 messages or more, and the most that one got."""
        got = Counter(min(count, 3) for count in self.customers.values())
        return {"1": got[1], "2": got[2], "3+": got[3], "most": max(self.customers.values(), default=0)}

    def _quiet(self, row: Mapping[str, Any]) -> None:
        """Deferrals, and what became of the steps that were deferred once they were due again."""
        trigger, campaign, outcome = row["trigger"], row["campaign_id"], row["outcome"]
        step = (row["profile_id"], campaign, row["step"], trigger["type"], trigger["at"], trigger["cart_id"])
        if outcome == "deferred":
            if row["reason"] == QUIET:
                self.quiet[campaign, "deferred"] += 1
                self._deferred[step] = True
        elif self._deferred.pop(step, False):
            self.quiet[campaign, outcome] += 1
