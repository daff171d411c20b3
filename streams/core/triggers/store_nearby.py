"""store_nearby: the customer is near a store. Also where that is remembered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from schemas.values import filled_text
from streams.core.campaigns import Campaign
from streams.core.campaigns.stores import Stores
from streams.core.contact.points import OWN_MACHINE
from streams.core.profile.event import Sealed
from streams.core.profile.state import Location, Profile
from streams.core.triggers.trigger import Triggered, ref_of_event

_LATITUDE: Final = ("latitude", "lat")
_LONGITUDE: Final = ("longitude", "lon", "lng")


def on_event(profile: Profile, event: Sealed, stores: Stores, campaigns: Sequence[Campaign]) -> list[Triggered]:
    """Remember where the customer is; for each campaign whose radius the nearest store is within, a trigger.

    Where a till or an agent is, is no news of the customer. A store that the event names is where the customer is, too,
    but no news of one nearby.
    """
    place, properties = event.context.get("location"), event.properties
    own = event.channel in OWN_MACHINE
    here = _coordinates(place) if own and type(place) is dict else None
    if here is None and own and ("latitude" in properties or "lat" in properties):
        here = _coordinates(properties)
    if here is None:
        if not own and event.channel != "store":
            return []
        if (
            "store_id" in properties
            and (store := stores.by_id.get(filled_text(properties["store_id"]) or "")) is not None
        ):
            _at(profile, store.latitude, store.longitude, event.time)
        return []
    _at(profile, *here, event.time)
    if event.late or not campaigns or (found := stores.nearest(*here)) is None:
        return []
    nearest, metres = found
    about = ref_of_event(profile, "nearby", event)
    return [
        Triggered("store_nearby", event.time, event.time, about, about={"store_id": nearest.id}, campaign=campaign.id)
        for campaign in campaigns
        if metres <= campaign.trigger.radius
    ]


def absorb(winner: Profile, loser: Profile) -> None:
    """The newer place."""
    if loser.location is not None and (winner.location is None or loser.location.at > winner.location.at):
        winner.location = loser.location


def _at(profile: Profile, latitude: float, longitude: float, time: int) -> None:
    if profile.location is None or time >= profile.location.at:
        profile.location = Location(latitude, longitude, time)


def _coordinates(place: dict[str, Any]) -> tuple[float, float] | None:
    latitude, longitude = _degrees(place, _LATITUDE, 90), _degrees(place, _LONGITUDE, 180)
    return None if latitude is None or longitude is None else (latitude, longitude)


def _degrees(place: dict[str, Any], names: tuple[str, ...], most: int) -> float | None:
    """The first of these that is an angle: a number or its text, not beyond `most`."""
    for name in names:
        value = place.get(name)
        if isinstance(value, str | int | float) and not isinstance(value, bool):
            try:
                angle = float(value)
            except (ValueError, OverflowError):
                continue
            if -most <= angle <= most:
                return angle
    return None
