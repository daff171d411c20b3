"""One customer under a campaigns file made by hand: events and time in, decisions and messages out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import copy
from typing import Any

from streams.core.aggregates.cells import Cells
from streams.core.aggregates.population import NoStats
from streams.core.campaigns import CHANNELS, CampaignFile, Campaigns
from streams.core.campaigns.stores import Store
from streams.core.profile.event import Sealed
from streams.core.profile.state import Dated, Profile
from streams.core.protocol.ports import GlobalStats
from streams.core.sealing.effects import Effects
from streams.core.sealing.profile_logic import ProfileLogic
from streams.runtime.state.store import MemoryBase, PartitionStore
from tests.support.happenings import at, happened

SECRET = "campaigning"  # noqa: S105 - of made-up customers
HELLO = "subject: Hello\n\nHello {{ message_id }}"
REACHABLE = {channel: Dated(f"{channel}-point", 0) for channel in ("email", "sms", "push")}
SKU = {"sku": "A", "price": 10, "quantity": 1, "url": "https://shop.example/a", "name": "Thing"}


def step(id_: str = "s", after: str = "0m", channel: str = "email", **more: Any) -> dict[str, Any]:
    """One step with the template t; `if_` is its `if`."""
    if "if_" in more:
        more["if"] = more.pop("if_")
    return {"id": id_, "after": after, "channel": channel, "template": "t", **more}


def campaign(
    id_: str = "c", on: str | Mapping[str, Any] = "cart_abandoned", *steps: Any, **more: Any
) -> dict[str, Any]:
    """One campaign; a single step to the e-mail address if none is given."""
    trigger = {"on": on} if isinstance(on, str) else on
    return {"id": id_, "trigger": trigger, "steps": list(steps) or [step()], **more}


def campaigns_of(
    campaigns: Iterable[Mapping[str, Any]], templates: Mapping[str, str] | None = None, stores: Iterable[Store] = (),
    **file: Any,
) -> Campaigns:  # fmt: skip
    """A file of these campaigns; each template is the same on all channels and in no language."""
    texts = {("", name, channel): text for name, text in (templates or {"t": HELLO}).items() for channel in CHANNELS}
    return Campaigns(CampaignFile.model_validate({"campaigns": list(campaigns), **file}), texts, stores)


def id_of(name: str) -> str:
    """The profile id of a customer of this name."""
    return name.encode().hex().ljust(32, "0")


class Customer:
    """A profile with an e-mail address, a phone and a push token, and the rules over it."""

    def __init__(
        self, campaigns: Campaigns | Iterable[Mapping[str, Any]], *, id_: str = "p", known: GlobalStats | None = None,
        secret: str = SECRET, **file: Any,
    ) -> None:  # fmt: skip
        self.campaigns = campaigns if isinstance(campaigns, Campaigns) else campaigns_of(campaigns, **file)
        self.logic = ProfileLogic(self.campaigns, secret)
        self.profile = Profile(id_of(id_), contacts={channel: copy(point) for channel, point in REACHABLE.items()})
        self.outs: list[Any] = []
        self.effects = Effects(Cells(PartitionStore(MemoryBase()), self, 0), known=known or NoStats())

    def send(self, out: Any) -> None:
        """What the cells emit."""
        self.outs.append(out)

    after = send

    def does(self, name: str, minute: float = 0, channel: str = "web", /, **properties: Any) -> Sealed:
        """An event takes effect, after the timers before it."""
        event = happened(name, minute, channel, **properties)
        self.upto(minute)
        self.logic.on_event(self.profile, event, self.effects)
        return event

    def adds(self, minute: float = 0, **more: Any) -> None:
        """Something goes into the cart."""
        self.does("Product Added", minute, **{**SKU, **more})

    def buys(self, minute: float, order_id: str = "o1", **more: Any) -> None:
        """An order."""
        self.does("Order Completed", minute, order_id=order_id, **{"total": 10, **more})

    def upto(self, minute: float, wall: float | None = None) -> None:
        """Time comes to a minute; `wall` is what the clock on the wall says then."""
        self.logic.on_time(self.profile, at(minute), None if wall is None else at(wall), self.effects)

    def absorbs(self, other: Customer, minute: float) -> None:
        """The other is this one's from now on; both have had their timers."""
        for customer in (other, self):
            customer.upto(minute)
        self.logic.absorb(self.profile, other.profile, at(minute), self.effects)

    def rows(self, topic: str) -> list[dict[str, Any]]:
        """What was emitted to a topic, in order."""
        return [row for on, _, row in self.effects.rows if on == topic]

    @property
    def messages(self) -> list[dict[str, Any]]:
        """What was sent."""
        return self.rows("retargeting.messages")

    @property
    def decisions(self) -> list[dict[str, Any]]:
        """What was decided."""
        return self.rows("retargeting.decisions")

    @property
    def outcomes(self) -> list[tuple[str, str, str | None]]:
        """(step, outcome, reason) of each decision, in order."""
        return [(row["step"], row["outcome"], row["reason"]) for row in self.decisions]

    def entries(self, campaign_id: str) -> dict[str, int]:
        """How often a trigger of a campaign had which outcome."""
        found = {
            key[2]: n for key, n in self.effects.counts.items() if key[:2] == ("winback_triggers_total", campaign_id)
        }
        return {str(outcome): n for outcome, n in found.items()}

    def cell(self, **dimensions: str) -> dict[str, int]:
        """The totals of campaign_day with these dimensions, over all days."""
        total: dict[str, int] = {}
        for cell in self.effects.cells:
            if cell["name"] == "campaign_day" and dimensions.items() <= cell["dimensions"].items():
                for what, amount in cell["totals"].items():
                    total[what] = total.get(what, 0) + amount
        return total
