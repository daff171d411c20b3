"""Events as they take effect, made by hand, and campaigns that are nothing but their trigger."""

from __future__ import annotations

from typing import Any

from streams.core.aggregates.population import NoStats
from streams.core.campaigns import CampaignFile, Campaigns
from streams.core.campaigns.stores import Store
from streams.core.cart import purchases
from streams.core.profile.event import Sealed
from streams.core.profile.machine import Moment
from streams.core.profile.state import Cart, Profile
from streams.core.triggers.registry import Triggers
from streams.core.triggers.trigger import Triggered

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
START = 1_767_600_000_000 // DAY * DAY

STORES = (
    Store(id="mitte", name="Mitte", latitude=52.52, longitude=13.405, billboards=("b1", "b2")),
    Store(id="nord", name="Nord", latitude=52.60, longitude=13.405),
    Store(id="suva", name="Suva", latitude=-18.1416, longitude=178.4419),
)


def happened(name: str, minute: float = 0, channel: str = "web", /, **properties: Any) -> Sealed:
    """A track call at a minute; `late`, `context`, `type`, `id_` and `identifiers` go to where they belong."""
    time = START + round(minute * MINUTE)
    take = properties.pop
    late = take("late", False)
    return Sealed(
        time=time, channel=channel, type=take("type_", "track"), name=name, message_id=take("id_", f"m{minute:g}"),
        context=take("context", {}), traits=take("traits", {}), identifiers=take("identifiers", []), late=late,
        clock=time + (DAY if late else 0), properties=properties,
    )  # fmt: skip


def rules(*triggers: str | dict[str, Any]) -> Campaigns:
    """Campaigns c0, c1, ... of these triggers, each with one step; the stores are `STORES`."""
    campaigns = [
        {
            "id": f"c{n}",
            "trigger": {"on": trigger} if isinstance(trigger, str) else trigger,
            "steps": [{"id": "s", "channel": "email", "template": "t"}],
        }
        for n, trigger in enumerate(triggers)
    ]
    return Campaigns(CampaignFile.model_validate({"campaigns": campaigns}), {}, STORES)


class Customer:
    """One profile and the triggers of some campaigns; no carts or orders but those that a test puts there."""

    def __init__(self, *triggers: str | dict[str, Any], id_: str = "p") -> None:
        self.profile = Profile(id_)
        self.triggers = Triggers(rules(*triggers))

    def does(self, *args: Any, **properties: Any) -> list[Triggered]:
        """What an event sets off; activity moves the profile's clock as the cart machine does."""
        event = happened(*args, **properties)
        if event.is_activity:
            self.profile.last_activity = max(self.profile.last_activity, event.time)
        if event.name == "Order Completed":
            self.profile.last_order = max(self.profile.last_order, event.time)
            purchases.on_order(self.profile, event, None)
        return list(self.triggers.on_event(self.profile, event, ()))

    def waits(self, minute: float) -> list[Triggered]:
        """What the timers up to a minute set off."""
        found: list[Triggered] = []
        while (due := self.triggers.due_at(self.profile)) is not None and due <= START + minute * MINUTE:
            found += self.triggers.on_time(self.profile, due, Moment(None, NoStats()))
        return found

    def has_cart(self) -> None:
        """There is a cart now."""
        self.profile.cart = Cart("c", START, START, START)


def at(minute: float) -> int:
    """Epoch milliseconds of a minute."""
    return START + round(minute * MINUTE)
