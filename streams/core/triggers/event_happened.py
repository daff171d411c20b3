"""event: an event of a name that a campaign waits for, whatever it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import orjson

from schemas.products import product_key
from streams.core.campaigns import Campaign
from streams.core.products.interests import product, products
from streams.core.profile.event import Sealed
from streams.core.profile.state import Profile
from streams.core.triggers.trigger import Triggered, ref_of_event

MOST_PROPERTIES: Final = 50
LONGEST_PROPERTY: Final = 2_000
"""Bytes of a property as JSON: a longer one is not kept for the template."""


def on_event(profile: Profile, event: Sealed, campaigns: Sequence[Campaign]) -> list[Triggered]:
    """The trigger that an event is for each of the `campaigns`, which wait for its name; a campaign asks its `if` then.

    Templates see the event's name, channel and properties, and its products.
    """
    about: dict[str, Any] = {"name": event.name, "channel": event.channel, "properties": _kept(event.properties)}
    shown = [product(item) for item in products(event.properties)]
    if not shown and product_key(event.properties) is not None:
        shown = [product(event.properties)]
    about_it = ref_of_event(profile, "event", event)
    return [
        Triggered("event", event.time, event.time, about_it, products=shown, about=about, campaign=campaign.id)
        for campaign in campaigns
    ]


def _kept(properties: dict[str, Any]) -> dict[str, Any]:
    few = list(properties.items())[:MOST_PROPERTIES]
    return {name: value for name, value in few if name != "products" and _short(value)}


def _short(value: Any) -> bool:
    return value is None or isinstance(value, bool | int | float) or len(orjson.dumps(value)) <= LONGEST_PROPERTY
