"""What people did in the half hours before and after a spot."""

from __future__ import annotations

import re
from datetime import timedelta
from math import exp, sqrt
from typing import Any

from tests.answers.channels.devices import device
from tests.answers.channels.history import Event, History
from tests.answers.people import Row, Topics

HALF_HOUR = timedelta(minutes=30)
CHANNELS = {"web", "app", "store", "marketplace", "messenger", "search", "social", "callcenter"}
Z = 1.959963984540054


def regions(event: Event) -> set[str]:
    """Country, region and city of an event, in lower case."""
    context = event.record["context"]
    place = context.get("location") or {}
    language = re.match(r"[a-z]{2,3}([-_][a-z]{4})?[-_]([a-z]{2})\b", (context.get("locale") or "").lower())
    country = place.get("country") or (language[2] if language else "")
    return {one.strip().lower() for one in (country, place.get("region"), place.get("city")) if one}


def odds(after: int, before: int) -> tuple[float | None, float | None]:
    """Wilson's interval of the share of after in both, as after to before."""
    both = after + before
    if not both:
        return None, None
    share, spread = after / both, Z * Z / both
    middle = (share + spread / 2) / (1 + spread)
    half = Z / (1 + spread) * sqrt(share * (1 - share) / both + spread / both / 4)
    low, high = middle - half, middle + half
    return low / (1 - low) if after else 0.0, high / (1 - high) if before else None


def lift(topics: Topics) -> list[Row]:
    """Rows of v_broadcast_lift."""
    history = History(topics)
    people = [
        (event, regions(event)) for event in history.events
        if event.record["channel"] in CHANNELS and event.named and device(event) != "machine"
    ]  # fmt: skip
    made: list[Row] = []
    for spot in history.events:
        if spot.name != "Spot Aired":
            continue
        place = (spot.properties.get("region") or "").strip().lower()
        counts: dict[Any, int] = dict.fromkeys([(here, late) for here in (True, False) for late in (True, False)], 0)
        for event, where in people:
            if spot.at - HALF_HOUR <= event.at < spot.at + HALF_HOUR and (not place or where):
                counts[not place or place in where, event.at >= spot.at] += 1
        before, after, c, d = counts[True, False], counts[True, True], counts[False, True], counts[False, False]
        low, high = odds(after, before)
        half = Z * sqrt(before + after) / 30
        versus = after / before / (c / d) if before and after and c and d else None
        spread = exp(Z * sqrt(1 / after + 1 / before + 1 / c + 1 / d)) if versus else 1
        made.append({
            "day": spot.day, "aired_at": spot.at.replace(tzinfo=None), "spot_id": spot.record["message_id"],
            "region": place, "campaign_id": spot.properties.get("campaign_id") or "",
            "medium": spot.properties.get("medium") or "", "before": before, "after": after,
            "before_per_minute": before / 30, "after_per_minute": after / 30,
            "difference_per_minute": (after - before) / 30, "difference_low": (after - before) / 30 - half,
            "difference_high": (after - before) / 30 + half, "ratio": after / before if before else None,
            "ratio_low": low, "ratio_high": high, "elsewhere_before": d, "elsewhere_after": c,
            "ratio_to_elsewhere": versus, "ratio_to_elsewhere_low": versus / spread if versus else None,
            "ratio_to_elsewhere_high": versus * spread if versus else None,
        })  # fmt: skip
    return made
